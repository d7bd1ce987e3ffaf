package io.llmadapter.amqp;

import io.llmadapter.client.AdapterException;
import io.llmadapter.client.Verdict;
import java.util.Optional;
import org.springframework.amqp.core.MessageProperties;

/**
 * A result message of any outcome, for one listener on one queue: {@code void on(JobReply<Triage> reply)}. Needs an {@link
 * AdapterMessageConverter}.
 *
 * @param <T> class of the document
 */
public final class JobReply<T> {

  private final Outcome outcome;
  private final T document;
  private final AdapterException error;
  private final MessageProperties properties;

  JobReply(Outcome outcome, T document, AdapterException error, MessageProperties properties) {
    this.outcome = outcome;
    this.document = document;
    this.error = error;
    this.properties = properties;
  }

  /** Returns how the job ended. */
  public Outcome outcome() {
    return outcome;
  }

  /**
   * Returns the document, which can be used.
   *
   * @throws AdapterException if there is none, or with REVIEW_NEEDED if a person has to look at it first
   */
  public T document() {
    if (error != null) {
      throw error;
    }
    return document;
  }

  /** Returns the document also if a person has to look at it first; absent: there is none. */
  public Optional<T> documentForReview() {
    return Optional.ofNullable(document);
  }

  /** Returns why there is no document that can be used; absent: there is one. */
  public Optional<AdapterException> error() {
    return Optional.ofNullable(error);
  }

  /** Returns the id of the request; empty: it had none that could be read. */
  public String requestId() {
    return header(Headers.REQUEST_ID);
  }

  /** Returns the id of the job; empty: nothing was recorded. */
  public String jobId() {
    return header(Headers.JOB_ID);
  }

  /** Returns the correlation id of the request, or its message id; null: it had neither. */
  public String correlationId() {
    return properties.getCorrelationId();
  }

  /** Returns the id of the message: the same whenever this outcome is sent again, so what to deduplicate by. */
  public String messageId() {
    return properties.getMessageId();
  }

  /** Returns what is said of the document; UNKNOWN: there is none. */
  public Verdict verdict() {
    return Verdict.of(header(Headers.VERDICT));
  }

  /** Returns a header as text; empty: it is not there. */
  public String header(String name) {
    return Headers.text(properties, name);
  }

  /** Returns outcome and request, without the document. */
  @Override
  public String toString() {
    return outcome + " of request " + requestId() + " (job " + jobId() + ")";
  }
}
