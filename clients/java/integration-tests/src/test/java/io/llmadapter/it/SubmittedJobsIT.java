package io.llmadapter.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.Job;
import io.llmadapter.client.JobEvent;
import io.llmadapter.client.JobKey;
import io.llmadapter.client.JobProgress;
import io.llmadapter.client.JobRequest;
import io.llmadapter.client.JobWatch;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.State;
import io.llmadapter.client.SubmitOptions;
import io.llmadapter.testkit.AdapterExtension;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Jobs that are submitted, fetched, watched and cancelled. The model takes its time, so that they can be met alive. */
class SubmittedJobsIT {

  private static final Duration LONG = Duration.ofSeconds(60);

  @RegisterExtension
  static final AdapterExtension ADAPTER = AdapterExtension.of(Parts.slowAdapter(Duration.ofSeconds(2)));

  private static AdapterClient client;

  @BeforeAll
  static void connect() {
    client = Parts.client(ADAPTER.target());
  }

  @AfterAll
  static void disconnect() {
    client.close();
  }

  @Test
  void aSubmittedJobIsFetchedWhenItHasEnded() {
    Job submitted = client.submitJob(Parts.ticket().label("case", "4711").build());
    assertFalse(submitted.state().isFinal());
    Parts.await("the end of the job", () -> client.getJob(JobKey.ofJobId(submitted.jobId())).state().isFinal());
    Job fetched = client.getJob(JobKey.ofRequestId(submitted.requestId()));
    assertTrue(fetched.resultOrThrow().json().contains("BILLING"));
    assertEquals("4711", fetched.labels().get("case"));
    assertEquals(1, fetched.attempts().size());
  }

  @Test
  void aSubmittedRecordThatBreaksTheContractIsRefusedAndNotStored() {
    JobRequest request = JobRequest.builder(Parts.TASK).json("{}").build();
    assertEquals(Reasons.INPUT_INVALID, Parts.failure(() -> client.submitJob(request)).reason());
    AdapterException missing = Parts.failure(() -> client.getJob(JobKey.ofRequestId(request.requestId())));
    assertEquals(Reasons.JOB_NOT_FOUND, missing.reason());
  }

  @Test
  void aDeadlineOfTheRequestThatHasPassedIsRefused() {
    SubmitOptions options = SubmitOptions.builder().expiry(Instant.now().minusSeconds(60)).build();
    AdapterException failure = Parts.failure(() -> client.submitJob(Parts.ticket().build(), options));
    assertEquals(Reasons.INVALID_REQUEST, failure.reason());
  }

  @Test
  void aWatchTellsStatesAndStepsAndEndsWithTheOutcome() {
    List<JobEvent> events = new CopyOnWriteArrayList<>();
    Job submitted = client.submitJob(Parts.ticket().label("simulate", "invalid-once").build());
    try (JobWatch watch = client.watchJob(JobKey.ofJobId(submitted.jobId()), LONG, events::add)) {
      Job ended = watch.await();
      assertEquals(State.SUCCEEDED, ended.state());
      assertEquals(2, ended.usage().modelCalls());
    }
    assertEquals(State.SUCCEEDED, events.get(events.size() - 1).job().orElseThrow().state());
    assertTrue(events.stream().anyMatch(event -> isStep(event, JobProgress.Kind.REPAIR)), events.toString());
  }

  @Test
  void aWatchOfAFailedJobEndsWithTheJobAndItsReason() {
    Job submitted = client.submitJob(Parts.ticket().label("simulate", "refusal").build());
    try (JobWatch watch = client.watchJob(JobKey.ofJobId(submitted.jobId()), LONG, event -> {})) {
      Job ended = watch.await();
      assertEquals(State.FAILED, ended.state());
      assertEquals(Reasons.MODEL_REFUSED, Parts.failure(ended::resultOrThrow).reason());
    }
  }

  @Test
  void whatAListenerThrowsReachesTheOneWhoWaits() {
    Job submitted = client.submitJob(Parts.ticket().build());
    JobWatch watch = client.watchJob(JobKey.ofJobId(submitted.jobId()), LONG, event -> {
      throw new IllegalArgumentException("the listener's own");
    });
    assertEquals("the listener's own", assertThrows(IllegalArgumentException.class, watch::await).getMessage());
  }

  @Test
  void aCancelledJobStopsAndItsCallerIsTold() {
    JobRequest request = Parts.ticket().label("simulate", "hang").build();
    client.submitJob(request);
    JobKey key = JobKey.ofRequestId(request.requestId());
    Parts.await("the start of the job", () -> client.getJob(key).state() == State.RUNNING);
    client.cancelJob(key);
    try (JobWatch watch = client.watchJob(key, LONG, event -> {})) {
      assertEquals(State.CANCELLED, watch.await().state());
    }
    assertEquals(Reasons.CANCELLED, Parts.failure(() -> client.runJob(request)).reason());
  }

  @Test
  void aRequestIsCancelledBeforeItArrives() {
    JobRequest request = Parts.ticket().build();
    assertEquals(State.CANCELLED, client.cancelRequest(request.requestId()).state());
    assertEquals(Reasons.CANCELLED, Parts.failure(() -> client.runJob(request)).reason());
  }

  @Test
  void anOutcomeThatIsRecordedWinsOverACancellation() {
    Job ended = client.runJob(Parts.ticket().build()).job();
    assertEquals(State.SUCCEEDED, client.cancelJob(JobKey.ofJobId(ended.jobId())).state());
  }

  @Test
  void aDeadlineEndsTheWaitAndNotTheJob() {
    JobRequest request = Parts.ticket().deadline(Duration.ofSeconds(1)).build();
    AdapterException failure = Parts.failure(() -> client.runJob(request));
    assertEquals(Reasons.DEADLINE_EXCEEDED, failure.reason());
    assertTrue(failure.isRetryable());
    JobKey key = JobKey.ofJobId(failure.jobId().orElseThrow());
    Parts.await("the end of the job", () -> client.getJob(key).state() == State.SUCCEEDED);
  }

  private static boolean isStep(JobEvent event, JobProgress.Kind kind) {
    return event.progress().filter(progress -> progress.kind() == kind).isPresent();
  }
}
