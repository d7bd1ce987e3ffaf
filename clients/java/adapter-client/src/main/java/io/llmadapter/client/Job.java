package io.llmadapter.client;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** One run of one task for one request, as it stood when it was asked for. */
public final class Job {

  private final io.llmadapter.v1.Job wire;

  Job(io.llmadapter.v1.Job wire) {
    this.wire = wire;
  }

  /** Returns the id of the job, made by the adapter: a UUID. */
  public String jobId() {
    return wire.getJobId();
  }

  /** Returns the caller's id of the request; empty if none was given. */
  public String requestId() {
    return wire.getRequestId();
  }

  /** Returns the name of the client that the request came from. */
  public String client() {
    return wire.getClient();
  }

  /** Returns the name of the task, without a version. */
  public String task() {
    return wire.getTask();
  }

  /** Returns the version of the task that worked on the job, as MAJOR.MINOR.PATCH. */
  public String taskVersion() {
    return wire.getTaskVersion();
  }

  /** Returns the hash of the content of the task's folder at that time. */
  public String taskHash() {
    return wire.getTaskHash();
  }

  /** Returns where the job stands. */
  public State state() {
    return Names.find(State.values(), wire.getState(), "STATE_", State.UNKNOWN);
  }

  /** Returns the output; present only if the job SUCCEEDED. Look at its verdict before you use it. */
  public Optional<JobResult> result() {
    return wire.hasResult() ? Optional.of(new JobResult(this, wire.getResult())) : Optional.empty();
  }

  /** Returns why there is no output; present only if the job FAILED or was CANCELLED. */
  public Optional<JobError> error() {
    return wire.hasError() ? Optional.of(Answers.error(wire.getError())) : Optional.empty();
  }

  /**
   * Returns the output of a job that SUCCEEDED with an accepted one. Where a review is wanted too, take {@link #result()} and
   * look at its verdict.
   *
   * @throws AdapterException with the job's own reason if it FAILED or was CANCELLED; with REVIEW_NEEDED if a person has to look
   *     at the output first
   * @throws IllegalStateException if it has not ended
   */
  public JobResult resultOrThrow() {
    error().ifPresent(error -> {
      throw new AdapterException(error, jobId(), requestId(), null);
    });
    JobResult result = result().orElseThrow(() -> new IllegalStateException(
        "Job " + jobId() + " has not ended, it is " + state() + ". Watch it or ask again later."));
    if (!result.verdict().isAccepted()) {
      throw Failures.reviewNeeded(this);
    }
    return result;
  }

  /** Returns what the job has used so far, over all attempts. */
  public Usage usage() {
    return new Usage(wire.getUsage());
  }

  /** Returns the model calls that returned a reply, in order. Unmodifiable. */
  public List<Attempt> attempts() {
    return Collections.unmodifiableList(wire.getAttemptsList().stream().map(Attempt::new).collect(Collectors.toList()));
  }

  /** Returns 1 for the outcome of the request; a higher number after a correction or a retry by a person. */
  public int revision() {
    return wire.getRevision();
  }

  /** Returns when the request was first stored. */
  public Instant createTime() {
    return Times.instant(wire.getCreateTime());
  }

  /** Returns when work on it last began; absent before that. */
  public Optional<Instant> startTime() {
    return wire.hasStartTime() ? Optional.of(Times.instant(wire.getStartTime())) : Optional.empty();
  }

  /** Returns when its outcome was recorded; absent before that. */
  public Optional<Instant> finishTime() {
    return wire.hasFinishTime() ? Optional.of(Times.instant(wire.getFinishTime())) : Optional.empty();
  }

  /** Returns the caller's own words for the job, as they were sent. Unmodifiable. */
  public Map<String, String> labels() {
    return wire.getLabelsMap();
  }

  /** Returns what happened beside the outcome: RESULT_TOO_LARGE or RESULT_UNDELIVERABLE; absent otherwise. */
  public Optional<JobError> remark() {
    return wire.hasRemark() ? Optional.of(Answers.error(wire.getRemark())) : Optional.empty();
  }

  /** Returns id, task and state, without the document. */
  @Override
  public String toString() {
    return "job " + jobId() + " of " + task() + ": " + state();
  }
}
