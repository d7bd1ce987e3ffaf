package io.llmadapter.amqp;

import java.util.Locale;
import org.springframework.amqp.core.MessageProperties;

/** How a job ended, as its result message tells. */
public enum Outcome {
  /** There is a document, and it can be used. */
  SUCCEEDED,
  /** There is a document, but a person has to look at it before it is used. */
  REVIEW,
  /** There is no document. */
  FAILED,
  /** The job was cancelled. */
  CANCELLED;

  /** Begins the content types of envelopes: job, review and failure. */
  static final String ENVELOPE = "application/vnd.llm-adapter.";

  /** Returns the outcome that a message tells; null: it is no result of an adapter. */
  static Outcome of(MessageProperties properties) {
    String told = Headers.text(properties, Headers.OUTCOME).toUpperCase(Locale.ROOT);
    for (Outcome each : values()) {
      if (each.name().equals(told)) {
        return each;
      }
    }
    String type = properties.getContentType();
    if (told.isEmpty() && (type == null || !type.startsWith(ENVELOPE))) {
      return null;
    }
    // Without a header, or with one of a newer version: only what is called a review or a job can have a document.
    if ((ENVELOPE + "review").equals(type)) {
      return REVIEW;
    }
    return (ENVELOPE + "job").equals(type) ? SUCCEEDED : FAILED;
  }
}
