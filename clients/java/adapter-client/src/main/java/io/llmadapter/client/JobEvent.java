package io.llmadapter.client;

import java.util.Optional;

/** One event of a watched job: the job after a change of its state, or a step of it. */
public final class JobEvent {

  private final Job job;
  private final JobProgress progress;

  private JobEvent(Job job, JobProgress progress) {
    this.job = job;
    this.progress = progress;
  }

  static JobEvent of(Job job) {
    return new JobEvent(job, null);
  }

  static JobEvent of(JobProgress progress) {
    return new JobEvent(null, progress);
  }

  /** Returns the job, if this event is a change of its state. The last event is the job with its outcome. */
  public Optional<Job> job() {
    return Optional.ofNullable(job);
  }

  /** Returns the step, if this event is one. */
  public Optional<JobProgress> progress() {
    return Optional.ofNullable(progress);
  }

  @Override
  public String toString() {
    return job != null ? job.toString() : progress.toString();
  }
}
