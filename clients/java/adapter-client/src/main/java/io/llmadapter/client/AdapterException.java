package io.llmadapter.client;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A request has no usable output. Programs decide by {@link #reason()}, one of {@link Reasons} or of a newer version; the
 * message is for developers and never holds a record, a document or a key.
 */
public class AdapterException extends RuntimeException {

  private static final long serialVersionUID = 1L;
  private static final int VIOLATIONS_SHOWN = 5;

  private final JobError error;
  private final String jobId;
  private final String requestId;

  /**
   * Makes an exception of an error.
   *
   * @param error what went wrong
   * @param jobId id of the job; null or empty: there is none
   * @param requestId the caller's id of the request; null or empty: there is none
   * @param cause what caused it; null: nothing in this process
   */
  public AdapterException(JobError error, String jobId, String requestId, Throwable cause) {
    super(describe(Objects.requireNonNull(error, "error"), jobId, requestId), cause);
    this.error = error;
    this.jobId = jobId;
    this.requestId = requestId;
  }

  /**
   * Returns the exception of a failure envelope.
   *
   * @param jobId {@code job_id} of the envelope; null or empty: there is none
   * @param requestId {@code request_id} of the envelope; null or empty: there is none
   * @param reason {@code error.reason}
   * @param message {@code error.message}
   * @param retryable {@code error.retryable}: NO, YES or FIX
   * @param violations {@code error.violations}; empty: none
   */
  public static AdapterException ofFailure(
      String jobId, String requestId, String reason, String message, String retryable, List<Violation> violations) {
    JobError error = JobError.of(reason, message, Retryable.of(retryable), violations);
    return new AdapterException(error, jobId, requestId, null);
  }

  /** Returns the stable name of the cause, for example OUTPUT_INVALID; see {@link Reasons}. */
  public String reason() {
    return error.reason();
  }

  /** Returns whether sending the same request, with the same request id, can help later, without anybody changing anything. */
  public boolean isRetryable() {
    return retryable() == Retryable.YES;
  }

  /** Returns whether sending the same request again can help. */
  public Retryable retryable() {
    return error.retryable();
  }

  /** Returns the rules that were broken, if the reason speaks of a contract. Unmodifiable. */
  public List<Violation> violations() {
    return error.violations();
  }

  /** Returns the id of the job, if there is one. */
  public Optional<String> jobId() {
    return jobId == null || jobId.isEmpty() ? Optional.empty() : Optional.of(jobId);
  }

  /** Returns the caller's id of the request, if it is known. */
  public Optional<String> requestId() {
    return requestId == null || requestId.isEmpty() ? Optional.empty() : Optional.of(requestId);
  }

  /** Returns the same with the stack of the calling thread, and this as its cause. */
  AdapterException seenHere() {
    return new AdapterException(error, jobId, requestId, this);
  }

  private static String describe(JobError error, String jobId, String requestId) {
    StringBuilder text = new StringBuilder(error.toString());
    error.violations().stream().limit(VIOLATIONS_SHOWN).forEach(each -> text.append(" [").append(each).append(']'));
    if (error.violations().size() > VIOLATIONS_SHOWN) {
      text.append(" … ").append(error.violations().size() - VIOLATIONS_SHOWN).append(" more");
    }
    if (requestId != null && !requestId.isEmpty()) {
      text.append(" (request ").append(requestId).append(')');
    }
    if (jobId != null && !jobId.isEmpty()) {
      text.append(" (job ").append(jobId).append(')');
    }
    return text.toString();
  }
}
