package io.llmadapter.client;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** The output document of a job, which satisfies the task's contract, and what is said of it. */
public final class JobResult {

  private final Job job;
  private final io.llmadapter.v1.Result wire;

  JobResult(Job job, io.llmadapter.v1.Result wire) {
    this.job = job;
    this.wire = wire;
  }

  /** Returns the document as JSON in UTF-8: keys in the contract's order, numbers with their exact digits. */
  public byte[] content() {
    return wire.getContent().toByteArray();
  }

  /** Returns the document as JSON text. */
  public String json() {
    return wire.getContent().toString(StandardCharsets.UTF_8);
  }

  /**
   * Returns the document bound to a class.
   *
   * @throws AdapterException with the reason {@link Reasons#RESULT_UNBINDABLE} if the mapper fails or returns null
   */
  public <T> T as(Class<T> type, ResultMapper mapper) {
    T bound;
    try {
      bound = Objects.requireNonNull(mapper, "mapper").read(content(), type);
    } catch (Exception exception) {
      throw unbindable(type, exception);
    }
    if (bound == null) {
      throw unbindable(type, null);
    }
    return bound;
  }

  /** Returns whether the document can be used as it is. */
  public Verdict verdict() {
    return Names.find(Verdict.values(), wire.getVerdict(), "VERDICT_", Verdict.UNKNOWN);
  }

  /** Returns the ledger: every change that was made to the model's reply. Unmodifiable. */
  public List<Change> changes() {
    return Collections.unmodifiableList(wire.getChangesList().stream().map(Change::new).collect(Collectors.toList()));
  }

  /** Returns what a person may want to look at. Unmodifiable. */
  public List<Finding> findings() {
    return Collections.unmodifiableList(wire.getFindingsList().stream().map(Finding::new).collect(Collectors.toList()));
  }

  /** Returns the job that it is the result of. */
  public Job job() {
    return job;
  }

  /** Returns verdict and job, without the document. */
  @Override
  public String toString() {
    return verdict() + " of " + job;
  }

  private AdapterException unbindable(Class<?> type, Exception cause) {
    String message =
        "The mapper could not bind the document to "
            + type.getName()
            + ". The document satisfies the contract of "
            + job.task()
            + " "
            + job.taskVersion()
            + ": compare the class with it.";
    JobError error = JobError.of(Reasons.RESULT_UNBINDABLE, message, Retryable.NO, Collections.emptyList());
    return new AdapterException(error, job.jobId(), job.requestId(), cause);
  }
}
