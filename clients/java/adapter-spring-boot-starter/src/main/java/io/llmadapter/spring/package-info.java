/** The beans of llm-adapter for Spring Boot 2.7 and 3. */
package io.llmadapter.spring;
