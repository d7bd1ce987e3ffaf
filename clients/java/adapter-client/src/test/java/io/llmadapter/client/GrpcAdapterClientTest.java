package io.llmadapter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmadapter.testkit.Answer;
import io.llmadapter.testkit.FakeAdapter;
import io.llmadapter.testkit.FakeAdapterExtension;
import io.llmadapter.testkit.ReceivedRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The client against the fake, which can do on request what a real adapter does rarely. */
class GrpcAdapterClientTest {

  private static final Answer DOCUMENT = Answer.document("{\"category\":\"BILLING\"}");
  private static final Answer NEVER = DOCUMENT.after(Duration.ofHours(1));
  private static final Answer NO_MODEL =
      Answer.failure(Reasons.MODEL_UNAVAILABLE, "No model answers.").pushback(Duration.ofMillis(20));

  @RegisterExtension static final FakeAdapterExtension ADAPTER = new FakeAdapterExtension();

  private AdapterClient client = client(builder());

  @AfterEach
  void disconnect() {
    client.close();
  }

  @Test
  void aRefusalThatPassesIsSentAgainWithTheSameRequestId() {
    fake().on("triage", NO_MODEL).on("triage", overloaded(Duration.ofMillis(20))).on("triage", DOCUMENT);
    JobRequest request = request();
    assertEquals("{\"category\":\"BILLING\"}", client.runJob(request).json());
    List<ReceivedRequest> received = fake().requests();
    assertEquals(3, received.size());
    received.forEach(each -> assertEquals(request.requestId(), each.requestId()));
  }

  @Test
  void aFailureOfTheJobIsNotSentAgain() {
    fake().on("triage", Answer.failure(Reasons.MODEL_REFUSED, "Refused."));
    assertEquals(Reasons.MODEL_REFUSED, failure(request()).reason());
    assertEquals(1, fake().requests().size());
  }

  @Test
  void whatSomebodyHasToFixIsNotSentAgain() {
    fake().on("triage", Answer.failure(Reasons.MODEL_MISCONFIGURED, "No credits."));
    AdapterException failure = failure(request());
    assertEquals(Retryable.FIX, failure.retryable());
    assertFalse(failure.isRetryable());
    assertEquals(1, fake().requests().size());
  }

  @Test
  void withoutRetriesTheFirstRefusalIsTold() {
    reconnect(builder().maxRetries(0));
    fake().on("triage", NO_MODEL);
    assertEquals(Reasons.MODEL_UNAVAILABLE, failure(request()).reason());
    assertEquals(1, fake().requests().size());
  }

  @Test
  void aWaitLongerThanTheDeadlineIsToldAtOnceWithItsReason() {
    fake().on("triage", overloaded(Duration.ofHours(1)));
    AdapterException failure = failure(request());
    assertEquals(Reasons.OVERLOADED, failure.reason());
    assertTrue(failure.isRetryable());
  }

  @Test
  void aDeadlineNamesTheJobThatGoesOn() {
    fake().on("triage", NEVER);
    JobRequest request = JobRequest.builder("triage").json("{}").deadline(Duration.ofMillis(600)).build();
    AdapterException failure = failure(request);
    assertEquals(Reasons.DEADLINE_EXCEEDED, failure.reason());
    assertEquals(client.getJob(JobKey.ofRequestId(request.requestId())).jobId(), failure.jobId().orElse(""));
  }

  @Test
  void theExceptionOfABlockingCallShowsTheCallersLine() {
    fake().on("triage", Answer.failure(Reasons.MODEL_REFUSED, "Refused."));
    AdapterException failure = failure(request());
    boolean here = false;
    for (StackTraceElement line : failure.getStackTrace()) {
      here |= line.getClassName().equals(GrpcAdapterClientTest.class.getName());
    }
    assertTrue(here);
    assertNotNull(failure.getCause());
  }

  @Test
  void aFutureFailsWithTheExceptionItself() {
    fake().on("triage", Answer.failure(Reasons.MODEL_REFUSED, "Refused."));
    ExecutionException thrown =
        assertThrows(ExecutionException.class, () -> client.runJobAsync(request()).get(30, TimeUnit.SECONDS));
    assertEquals(Reasons.MODEL_REFUSED, ((AdapterException) thrown.getCause()).reason());
  }

  @Test
  void anInterruptedCallerIsToldAndStaysInterrupted() {
    fake().on("triage", NEVER);
    Thread.currentThread().interrupt();
    assertEquals(Reasons.CALL_ABANDONED, failure(request()).reason());
    assertTrue(Thread.interrupted());
  }

  @Test
  void closingTheClientEndsACallThatWaitsForItsRetry() {
    fake().on("triage", Answer.failure(Reasons.MODEL_UNAVAILABLE, "No model.").pushback(Duration.ofSeconds(50)));
    CompletableFuture<JobResult> future = client.runJobAsync(request());
    Until.holds("the wait for the retry", () -> ((GrpcAdapterClient) client).waitingCalls() == 1);
    client.close();
    ExecutionException thrown = assertThrows(ExecutionException.class, () -> future.get(30, TimeUnit.SECONDS));
    assertEquals(Reasons.CALL_ABANDONED, ((AdapterException) thrown.getCause()).reason());
  }

  @Test
  void closingAWatchEndsItAndNotTheJob() {
    fake().on("triage", NEVER);
    Job submitted = client.submitJob(request());
    JobWatch watch = client.watchJob(JobKey.ofJobId(submitted.jobId()), Duration.ofMinutes(1), event -> {});
    watch.close();
    assertEquals(Reasons.CALL_ABANDONED, assertThrows(AdapterException.class, watch::await).reason());
    assertEquals(State.RUNNING, client.getJob(JobKey.ofJobId(submitted.jobId())).state());
  }

  @Test
  void aSubmittedJobUnderReviewIsNoResultUnlessAskedFor() {
    fake().on("triage", Answer.review("{\"category\":null}", "LOW_CONFIDENCE", "Look at it."));
    Job job = client.getJob(JobKey.ofJobId(client.submitJob(request()).jobId()));
    assertEquals(Reasons.REVIEW_NEEDED, assertThrows(AdapterException.class, job::resultOrThrow).reason());
    assertEquals(Optional.of(Verdict.NEEDS_REVIEW), job.result().map(JobResult::verdict));
  }

  @Test
  void aJobThatHasNotEndedHasNoResult() {
    fake().on("triage", NEVER);
    Job job = client.submitJob(request());
    assertThrows(IllegalStateException.class, job::resultOrThrow);
  }

  @Test
  void theLedgerOfARepairedResultIsTold() {
    fake().on("triage", DOCUMENT.repaired("/category", "trim", "\" BILLING\"", "\"BILLING\""));
    JobResult result = client.runJob(request());
    assertEquals(Verdict.ACCEPTED_REPAIRED, result.verdict());
    assertEquals("\"BILLING\"", result.changes().get(0).toJson());
  }

  @Test
  void aKeyIsAskedForBeforeEveryCall() {
    AtomicInteger asked = new AtomicInteger();
    reconnect(builder().apiKey(() -> "key-" + asked.incrementAndGet()).header("traceparent", () -> null));
    fake().on("triage", DOCUMENT);
    client.runJob(request());
    client.runJob(request());
    assertEquals(Optional.of("key-1"), fake().requests().get(0).header("x-api-key"));
    assertEquals(Optional.of("key-2"), fake().requests().get(1).header("x-api-key"));
    assertEquals(Optional.empty(), fake().requests().get(0).header("traceparent"));
  }

  @Test
  void aKeyWithALineEndIsRefusedWithoutBeingShown() {
    reconnect(builder().apiKey(() -> "made-up-key\n"));
    RuntimeException thrown = assertThrows(IllegalStateException.class, () -> client.runJob(request()));
    assertFalse(thrown.toString().contains("made-up-key"), thrown.toString());
  }

  @Test
  void anAdapterThatIsNotThereIsNamed() {
    reconnect(AdapterClient.builder().target("127.0.0.1:1").plaintext().maxRetries(0));
    AdapterException failure = failure(request());
    assertEquals(Reasons.CONNECTION_LOST, failure.reason());
    assertTrue(failure.getMessage().contains("Connection refused"), failure.getMessage());
  }

  @Test
  void optionsThatContradictEachOtherAreRefused() {
    assertThrows(IllegalStateException.class, () -> AdapterClient.builder().build());
    assertThrows(IllegalArgumentException.class, () -> builder().keepAlive(Duration.ofSeconds(9)));
    assertThrows(IllegalStateException.class, () -> builder().trust(java.nio.file.Paths.get("ca.pem")).build());
    assertThrows(IllegalStateException.class, () -> JobRequest.builder("triage").build());
  }

  @Test
  void anEmptyRequestIdIsRefusedForNoRetryWouldBeKnownByIt() {
    assertThrows(IllegalArgumentException.class, () -> JobRequest.builder("triage").requestId(""));
  }

  private void reconnect(AdapterClientBuilder builder) {
    client.close();
    client = client(builder);
  }

  private AdapterException failure(JobRequest request) {
    return assertThrows(AdapterException.class, () -> client.runJob(request));
  }

  private static FakeAdapter fake() {
    return ADAPTER.fake();
  }

  private static AdapterClientBuilder builder() {
    return AdapterClient.builder().target(ADAPTER.target()).plaintext();
  }

  private static AdapterClient client(AdapterClientBuilder builder) {
    return builder.build();
  }

  private static JobRequest request() {
    return JobRequest.builder("triage").json("{}").build();
  }

  private static Answer overloaded(Duration pushback) {
    return Answer.failure(Reasons.OVERLOADED, "Too many jobs.").pushback(pushback);
  }
}
