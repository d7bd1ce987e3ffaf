package io.llmadapter.client;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/** Why a job failed. */
public final class JobError implements Serializable {

  private static final long serialVersionUID = 1L;

  private final String reason;
  private final String message;
  private final Retryable retryable;
  private final List<Violation> violations;

  private JobError(String reason, String message, Retryable retryable, List<Violation> violations) {
    this.reason = Objects.requireNonNull(reason, "reason");
    this.message = Objects.requireNonNull(message, "message");
    this.retryable = Objects.requireNonNull(retryable, "retryable");
    this.violations = Collections.unmodifiableList(new ArrayList<>(violations));
  }

  /** Returns an error of these parts, for example those of a failure envelope; none may be null. */
  public static JobError of(String reason, String message, Retryable retryable, List<Violation> violations) {
    return new JobError(reason, message, retryable, violations);
  }

  /** Returns the stable name of the cause, for example OUTPUT_INVALID; see {@link Reasons}. Programs decide by this. */
  public String reason() {
    return reason;
  }

  /** Returns what happened and what to do about it: for developers, not for end users. May change. */
  public String message() {
    return message;
  }

  /** Returns whether sending the same request again can help. */
  public Retryable retryable() {
    return retryable;
  }

  /** Returns the rules that were broken, if the reason speaks of a contract. Unmodifiable. */
  public List<Violation> violations() {
    return violations;
  }

  @Override
  public String toString() {
    return reason + ": " + message;
  }
}
