package io.llmadapter.testkit;

import com.google.protobuf.ByteString;
import io.llmadapter.v1.Change;
import io.llmadapter.v1.Finding;
import io.llmadapter.v1.JobError;
import io.llmadapter.v1.Result;
import io.llmadapter.v1.Retryable;
import io.llmadapter.v1.Severity;
import io.llmadapter.v1.Verdict;
import io.llmadapter.v1.Violation;
import java.time.Duration;
import java.util.Objects;

/** How a fake ends a job. Unmodifiable: each method returns another answer. */
public final class Answer {

  private final Result result;
  private final JobError error;
  private final Duration delay;
  private final Duration pushback;

  private Answer(Result result, JobError error, Duration delay, Duration pushback) {
    this.result = result;
    this.error = error;
    this.delay = delay;
    this.pushback = pushback;
  }

  /** Returns an answer with an output document, ACCEPTED. */
  public static Answer document(String json) {
    return of(document(json, Verdict.VERDICT_ACCEPTED).build());
  }

  /** Returns an answer with an output document that a person has to look at first. */
  public static Answer review(String json, String findingCode, String message) {
    Finding finding =
        Finding.newBuilder().setCode(findingCode).setMessage(message).setSeverity(Severity.SEVERITY_REVIEW).build();
    return of(document(json, Verdict.VERDICT_NEEDS_REVIEW).addFindings(finding).build());
  }

  /**
   * Returns a failure. Whether it is recorded and retryable follows from its reason, as with a real adapter.
   *
   * @throws IllegalArgumentException if no adapter knows the reason
   */
  public static Answer failure(String reason, String message) {
    ReasonTable row = ReasonTable.of(reason);
    JobError error =
        JobError.newBuilder()
            .setReason(reason)
            .setMessage(Objects.requireNonNull(message, "message"))
            .setRetryable(Retryable.valueOf("RETRYABLE_" + row.retryable()))
            .build();
    return new Answer(null, error, Duration.ZERO, null);
  }

  /** Returns this failure with a broken rule. */
  public Answer violation(String pointer, String rule, String message) {
    Violation violation = Violation.newBuilder().setPointer(pointer).setRule(rule).setMessage(message).build();
    return new Answer(null, failed().toBuilder().addViolations(violation).build(), delay, pushback);
  }

  /** Returns this failure with a word on when to come again. Default: one second, where a retry helps by itself. */
  public Answer pushback(Duration after) {
    return new Answer(null, failed(), delay, Objects.requireNonNull(after, "after"));
  }

  /** Returns this document as one that was repaired, with an entry of the ledger; JSON texts, empty: nothing. */
  public Answer repaired(String pointer, String rule, String fromJson, String toJson) {
    if (result == null) {
      throw new IllegalStateException("Only a document can be repaired, not a failure.");
    }
    Change change =
        Change.newBuilder().setPointer(pointer).setRule(rule).setFromJson(fromJson).setToJson(toJson).build();
    Verdict verdict =
        result.getVerdict() == Verdict.VERDICT_ACCEPTED ? Verdict.VERDICT_ACCEPTED_REPAIRED : result.getVerdict();
    return new Answer(result.toBuilder().addChanges(change).setVerdict(verdict).build(), null, delay, null);
  }

  /** Returns this answer, given after a time. */
  public Answer after(Duration time) {
    return new Answer(result, error, Objects.requireNonNull(time, "time"), pushback);
  }

  boolean isFailure() {
    return error != null;
  }

  Result result() {
    return result;
  }

  JobError error() {
    return error;
  }

  Duration delay() {
    return delay;
  }

  /** Returns when to come again; null: as the table has it. */
  Duration pushback() {
    return pushback;
  }

  private JobError failed() {
    if (error == null) {
      throw new IllegalStateException("This answer is a document, not a failure: begin with Answer.failure(…).");
    }
    return error;
  }

  private static Answer of(Result result) {
    return new Answer(result, null, Duration.ZERO, null);
  }

  private static Result.Builder document(String json, Verdict verdict) {
    return Result.newBuilder()
        .setContent(ByteString.copyFromUtf8(json))
        .setContentType("application/json")
        .setVerdict(verdict);
  }
}
