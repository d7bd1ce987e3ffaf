/** For the tests of programs that use llm-adapter: a real one with simulated models, and a scripted fake. */
package io.llmadapter.testkit;
