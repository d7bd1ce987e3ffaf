package io.llmadapter.testkit;

import io.llmadapter.v1.Job;
import io.llmadapter.v1.State;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The script of a fake, its memory, and what it has received. */
final class FakeJobs {

  private final ScheduledExecutorService scheduler;
  private final Map<String, Deque<Function<ReceivedRequest, Answer>>> script = new HashMap<>();
  private final Map<String, FakeJob> byRequestId = new HashMap<>();
  private final Map<String, FakeJob> byJobId = new HashMap<>();
  private final List<ReceivedRequest> received = new ArrayList<>();
  private int runs;

  FakeJobs(ScheduledExecutorService scheduler) {
    this.scheduler = scheduler;
  }

  synchronized void script(String task, Function<ReceivedRequest, Answer> answer) {
    script.computeIfAbsent(task, name -> new ArrayDeque<>()).add(answer);
  }

  synchronized void clear() {
    script.clear();
    byRequestId.clear();
    byJobId.clear();
    received.clear();
    runs = 0;
  }

  synchronized List<ReceivedRequest> received() {
    return Collections.unmodifiableList(new ArrayList<>(received));
  }

  synchronized int runs() {
    return runs;
  }

  /** Returns the job of a request: a new one, or the one that it is a repeat of. Throws how the call ends otherwise. */
  synchronized FakeJob claim(ReceivedRequest request) {
    received.add(request);
    FakeJob known = request.requestId().isEmpty() ? null : byRequestId.get(request.requestId());
    if (known != null && (known.isRecorded() || !FakeJob.isFinal(known.job()))) {
      if (known.hasContentOf(request) || known.job().getState() == State.STATE_CANCELLED) {
        return known;
      }
      String message = "This request id was used before with other content. Use a new id for a new request.";
      throw FakeErrors.of("REQUEST_ID_REUSED", message, "");
    }
    Answer answer = next(request);
    FakeJob job = store(request, State.STATE_PENDING);
    runs++;
    job.move(State.STATE_RUNNING);
    end(job, answer);
    return job;
  }

  private void end(FakeJob job, Answer answer) {
    if (answer.delay().isZero()) {
      job.end(answer);
    } else {
      scheduler.schedule(() -> job.end(answer), answer.delay().toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** Returns the job that is named; one of the ids is empty. Throws JOB_NOT_FOUND. */
  synchronized FakeJob find(String jobId, String requestId) {
    FakeJob found = jobId.isEmpty() ? byRequestId.get(requestId) : byJobId.get(jobId);
    if (found == null) {
      throw FakeErrors.of("JOB_NOT_FOUND", "No such job is stored.", "");
    }
    return found;
  }

  /** Cancels the job that is named, or the request before it arrives. */
  synchronized FakeJob cancel(String jobId, String requestId, boolean allowMissing) {
    boolean missing = !requestId.isEmpty() && !byRequestId.containsKey(requestId);
    FakeJob job;
    if (missing && allowMissing) {
      job = store(new ReceivedRequest("", requestId, new byte[0], "", Collections.emptyMap(), Collections.emptyMap()), State.STATE_PENDING);
    } else {
      job = find(jobId, requestId);
    }
    job.end(Answer.failure("CANCELLED", "The job was cancelled on request."));
    return job;
  }

  private Answer next(ReceivedRequest request) {
    String task = FakeJob.name(request.task());
    Deque<Function<ReceivedRequest, Answer>> answers = script.get(task);
    if (answers == null) {
      throw FakeErrors.of("TASK_NOT_FOUND", "The fake has no script for this task: call on(\"" + task + "\", …) first.", "");
    }
    // The last answer holds for all that follow.
    return (answers.size() > 1 ? answers.remove() : answers.element()).apply(request);
  }

  private FakeJob store(ReceivedRequest request, State state) {
    Job job =
        Job.newBuilder()
            .setJobId(UUID.randomUUID().toString())
            .setRequestId(request.requestId())
            .setClient("default")
            .setTask(FakeJob.name(request.task()))
            .setTaskVersion("1.0.0")
            .setState(state)
            .setRevision(1)
            .setCreateTime(FakeTimes.now())
            .putAllLabels(request.labels())
            .build();
    FakeJob stored = new FakeJob(request, job);
    byJobId.put(job.getJobId(), stored);
    if (!request.requestId().isEmpty()) {
      byRequestId.put(request.requestId(), stored);
    }
    return stored;
  }
}
