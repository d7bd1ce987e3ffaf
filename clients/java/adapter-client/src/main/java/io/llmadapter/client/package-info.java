/** The client of llm-adapter: {@link io.llmadapter.client.AdapterClient} and the values it takes and returns. */
package io.llmadapter.client;
