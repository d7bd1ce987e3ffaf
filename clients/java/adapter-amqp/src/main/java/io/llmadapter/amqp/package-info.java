/** Requests and results of llm-adapter with Spring AMQP, from 2.4 (Java 8) on. */
package io.llmadapter.amqp;
