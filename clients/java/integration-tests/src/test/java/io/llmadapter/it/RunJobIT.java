package io.llmadapter.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.JobKey;
import io.llmadapter.client.JobRequest;
import io.llmadapter.client.JobResult;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.Retryable;
import io.llmadapter.client.State;
import io.llmadapter.client.Verdict;
import io.llmadapter.testkit.AdapterExtension;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** RunJob: results, and every way in which there is none. */
class RunJobIT {

  @RegisterExtension static final AdapterExtension ADAPTER = AdapterExtension.of(Parts.adapter());

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
  void aResultIsBytesTextAndAnObjectOfTheCallersClass() {
    JobResult result = client.runJob(Parts.ticket().build());
    assertEquals(Verdict.ACCEPTED, result.verdict());
    assertEquals("BILLING", result.as(Triage.class, new ObjectMapper()::readValue).category);
    assertEquals(result.json(), new String(result.content(), StandardCharsets.UTF_8));
    assertEquals(State.SUCCEEDED, result.job().state());
    assertEquals("1.0.0", result.job().taskVersion());
    assertEquals(1, result.job().usage().modelCalls());
  }

  @Test
  void anAsynchronousResultIsTheSame() throws Exception {
    CompletableFuture<JobResult> future = client.runJobAsync(Parts.ticket().build());
    assertEquals("BILLING", future.get(30, TimeUnit.SECONDS).as(Triage.class, new ObjectMapper()::readValue).category);
  }

  @Test
  void aRequestHasAnIdByDefaultSoThatItsRepeatIsNotPaidAgain() {
    JobRequest request = Parts.ticket().build();
    JobResult first = client.runJob(request);
    JobResult second = client.runJob(request);
    assertEquals(first.job().jobId(), second.job().jobId());
    assertEquals(1, second.job().usage().modelCalls());
    assertEquals(first.job().jobId(), client.getJob(JobKey.ofRequestId(request.requestId())).jobId());
  }

  @Test
  void twoRequestsOfTheSameRecordAreTwoJobs() {
    String first = client.runJob(Parts.ticket().build()).job().jobId();
    String second = client.runJob(Parts.ticket().build()).job().jobId();
    assertFalse(first.equals(second));
  }

  @Test
  void theSameIdWithAnotherRecordIsAnError() {
    JobRequest request = Parts.ticket().build();
    client.runJob(request);
    JobRequest other =
        JobRequest.builder(Parts.TASK).requestId(request.requestId()).payload(Parts.sample("02-parcel-missing.json")).build();
    assertEquals(Reasons.REQUEST_ID_REUSED, Parts.failure(() -> client.runJob(other)).reason());
  }

  @Test
  void aRecordThatBreaksTheContractIsAnErrorWithItsViolations() {
    JobRequest request = JobRequest.builder(Parts.TASK).json("{\"BETREFF\": \"Charged twice\"}").build();
    AdapterException failure = Parts.failure(() -> client.runJob(request));
    assertEquals(Reasons.INPUT_INVALID, failure.reason());
    assertEquals("/customer", failure.violations().get(0).pointer(), failure.violations().toString());
    assertFalse(failure.isRetryable());
  }

  @Test
  void aFailedJobIsAnErrorWithReasonAndJob() {
    JobRequest request = Parts.ticket().label("simulate", "invalid").build();
    AdapterException failure = Parts.failure(() -> client.runJob(request));
    assertEquals(Reasons.OUTPUT_INVALID, failure.reason());
    assertFalse(failure.violations().isEmpty());
    assertEquals(request.requestId(), failure.requestId().orElse(""));
    assertEquals(State.FAILED, client.getJob(JobKey.ofJobId(failure.jobId().orElse(""))).state());
  }

  @Test
  void aResultUnderReviewIsAnErrorUnlessItIsAcceptedByTheRequest() {
    JobRequest refused = Parts.ticket().label("simulate", "review").build();
    assertEquals(Reasons.REVIEW_NEEDED, Parts.failure(() -> client.runJob(refused)).reason());
    JobResult accepted = client.runJob(Parts.ticket().label("simulate", "review").acceptReview(true).build());
    assertEquals(Verdict.NEEDS_REVIEW, accepted.verdict());
    assertEquals("SIMULATED_REVIEW", accepted.findings().get(0).code());
  }

  @Test
  void anUnknownTaskIsForSomebodyToFix() {
    AdapterException failure = Parts.failure(() -> client.runJob(JobRequest.builder("no-such-task").json("{}").build()));
    assertEquals(Reasons.TASK_NOT_FOUND, failure.reason());
    assertEquals(Retryable.FIX, failure.retryable());
  }

  @Test
  void aClassThatDoesNotFitIsAnErrorThatNamesItsJob() {
    JobResult result = client.runJob(Parts.ticket().build());
    AdapterException failure = Parts.failure(() -> result.as(Integer.class, new ObjectMapper()::readValue));
    assertEquals(Reasons.RESULT_UNBINDABLE, failure.reason());
    assertEquals(result.job().jobId(), failure.jobId().orElse(""));
    assertTrue(failure.getMessage().contains("java.lang.Integer"));
  }
}
