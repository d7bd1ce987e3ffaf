package io.llmadapter.amqp;

import org.springframework.amqp.core.MessageProperties;

/** Names on the wire, and reading them. */
final class Headers {

  static final String OUTCOME = "llm-outcome";
  static final String REASON = "llm-reason";
  static final String JOB_ID = "llm-job-id";
  static final String REQUEST_ID = "llm-request-id";
  static final String VERDICT = "llm-verdict";
  static final String REVISION = "llm-revision";
  static final String DEADLINE = "llm-deadline";
  static final String MODEL = "llm-model";
  static final String LABEL = "llm-label-";

  /** What Spring's converters add: the name of a Java class, which is nobody else's business. */
  static final String TYPE_ID = "__TypeId__";

  private Headers() {}

  /** Returns a header as text; empty: it is not there. */
  static String text(MessageProperties properties, String name) {
    Object value = properties.getHeaders().get(name);
    return value == null ? "" : value.toString();
  }
}
