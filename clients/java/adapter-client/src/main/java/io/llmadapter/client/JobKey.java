package io.llmadapter.client;

import java.util.Objects;

/** Names one job: by its own id, or by the id of its request. */
public final class JobKey {

  private final String jobId;
  private final String requestId;

  private JobKey(String jobId, String requestId) {
    this.jobId = jobId;
    this.requestId = requestId;
  }

  /** Names a job by its id, which the adapter made. */
  public static JobKey ofJobId(String jobId) {
    return new JobKey(Objects.requireNonNull(jobId, "jobId"), null);
  }

  /** Names a job by the caller's id of its request. */
  public static JobKey ofRequestId(String requestId) {
    return new JobKey(null, Objects.requireNonNull(requestId, "requestId"));
  }

  /** Returns the id of the job; null if it is named by its request. */
  String jobId() {
    return jobId;
  }

  /** Returns the id of the request; null if the job is named by its own id. */
  String requestId() {
    return requestId;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof JobKey
        && Objects.equals(jobId, ((JobKey) other).jobId)
        && Objects.equals(requestId, ((JobKey) other).requestId);
  }

  @Override
  public int hashCode() {
    return Objects.hash(jobId, requestId);
  }

  @Override
  public String toString() {
    return jobId != null ? "job " + jobId : "request " + requestId;
  }
}
