package io.llmadapter.testkit;

import io.llmadapter.v1.Job;
import io.llmadapter.v1.JobError;
import io.llmadapter.v1.State;
import io.llmadapter.v1.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** One job of a fake, and who waits for it. */
final class FakeJob {

  private final ReceivedRequest request;
  private final List<Consumer<Job>> watchers = new ArrayList<>();
  private Job job;
  private Duration pushback;

  FakeJob(ReceivedRequest request, Job job) {
    this.request = request;
    this.job = job;
  }

  boolean hasContentOf(ReceivedRequest other) {
    return name(request.task()).equals(name(other.task())) && java.util.Arrays.equals(request.payload(), other.payload());
  }

  synchronized Job job() {
    return job;
  }

  /** Returns whether its outcome holds for good: a repeat gets it again. */
  synchronized boolean isRecorded() {
    return isFinal(job) && (!job.hasError() || ReasonTable.of(job.getError().getReason()).isRecorded());
  }

  /** Tells the watcher the job as it stands, and each change from now on. */
  synchronized void watch(Consumer<Job> watcher) {
    watcher.accept(job);
    if (!isFinal(job)) {
      watchers.add(watcher);
    }
  }

  synchronized void move(State state) {
    if (!isFinal(job)) {
      change(job.toBuilder().setState(state).build());
    }
  }

  /** Ends the job, unless it has ended. */
  synchronized void end(Answer answer) {
    if (isFinal(job)) {
      return;
    }
    pushback = answer.pushback();
    Job.Builder ended = job.toBuilder().setFinishTime(FakeTimes.now());
    ended.getUsageBuilder().setModelCalls(1).setInputTokens(1).setOutputTokens(1);
    if (answer.isFailure()) {
      boolean cancelled = answer.error().getReason().equals("CANCELLED");
      change(ended.setState(cancelled ? State.STATE_CANCELLED : State.STATE_FAILED).setError(answer.error()).build());
    } else {
      change(ended.setState(State.STATE_SUCCEEDED).setResult(answer.result()).build());
    }
  }

  /** Returns why a RunJob of this ended job is an error; null: it is none. */
  synchronized RuntimeException errorFor(boolean acceptReview) {
    if (job.hasError()) {
      return FakeErrors.of(job.getError(), job.getJobId(), pushback);
    }
    boolean review = job.getResult().getVerdict() == Verdict.VERDICT_NEEDS_REVIEW;
    if (review && !acceptReview) {
      String message = "The output satisfies its contract but a person has to look at it. Ask with accept_review to receive it.";
      return FakeErrors.of(JobError.newBuilder().setReason("REVIEW_NEEDED").setMessage(message).build(), job.getJobId(), null);
    }
    return null;
  }

  static boolean isFinal(Job job) {
    return job.getState() == State.STATE_SUCCEEDED
        || job.getState() == State.STATE_FAILED
        || job.getState() == State.STATE_CANCELLED;
  }

  static String name(String task) {
    int at = task.indexOf('@');
    return at < 0 ? task : task.substring(0, at);
  }

  private void change(Job changed) {
    job = changed;
    for (Consumer<Job> watcher : new ArrayList<>(watchers)) {
      watcher.accept(changed);
    }
  }
}
