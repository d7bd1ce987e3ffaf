package io.llmadapter.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.Job;
import io.llmadapter.client.JobEvent;
import io.llmadapter.client.JobKey;
import io.llmadapter.client.JobRequest;
import io.llmadapter.client.JobResult;
import io.llmadapter.client.JobWatch;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.State;
import io.llmadapter.testkit.AdapterExtension;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a lost connection costs: a retry, and no second model call. */
class LostConnectionIT {

  @RegisterExtension
  static final AdapterExtension ADAPTER = AdapterExtension.of(Parts.slowAdapter(Duration.ofSeconds(3)));

  private static AdapterClient direct;

  @BeforeAll
  static void connect() {
    direct = Parts.client(ADAPTER.target());
  }

  @AfterAll
  static void disconnect() {
    direct.close();
  }

  @Test
  void aCallWhoseConnectionIsCutGetsItsResultAndTheModelIsPaidOnce() throws Exception {
    long before = Metrics.modelCalls(ADAPTER.adapter());
    try (Forwarder forwarder = new Forwarder(ADAPTER.target()); AdapterClient client = Parts.client(forwarder.target())) {
      JobRequest request = Parts.ticket().build();
      CompletableFuture<JobResult> future = client.runJobAsync(request);
      awaitRunning(request);
      forwarder.cut();
      JobResult result = future.get(30, TimeUnit.SECONDS);
      assertEquals(1, result.job().usage().modelCalls());
      assertEquals(2, forwarder.connections(), "the call was sent again over a new connection");
    }
    assertEquals(1, Metrics.modelCalls(ADAPTER.adapter()) - before);
  }

  @Test
  void aWatchGoesOnAfterItsConnectionIsCut() throws Exception {
    List<JobEvent> events = new CopyOnWriteArrayList<>();
    try (Forwarder forwarder = new Forwarder(ADAPTER.target()); AdapterClient client = Parts.client(forwarder.target())) {
      Job submitted = direct.submitJob(Parts.ticket().build());
      JobWatch watch = client.watchJob(JobKey.ofJobId(submitted.jobId()), Duration.ofSeconds(60), events::add);
      Parts.await("the first event", () -> !events.isEmpty());
      forwarder.cut();
      assertEquals(State.SUCCEEDED, watch.await().state());
      assertEquals(2, forwarder.connections());
    }
    List<State> states = events.stream().flatMap(event -> event.job().stream()).map(Job::state).toList();
    assertEquals(states.stream().distinct().toList(), states, "each state is told once");
  }

  @Test
  void anAdapterThatComesBackInTimeIsFound() throws Exception {
    try (Forwarder forwarder = new Forwarder(ADAPTER.target()); AdapterClient client = Parts.client(forwarder.target())) {
      forwarder.refuse(true);
      CompletableFuture<JobResult> future = client.runJobAsync(Parts.ticket().build());
      CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS).execute(() -> forwarder.refuse(false));
      assertEquals(State.SUCCEEDED, future.get(30, TimeUnit.SECONDS).job().state());
    }
  }

  @Test
  void anAdapterThatStaysAwayIsAnErrorThatSaysSo() throws Exception {
    try (Forwarder forwarder = new Forwarder(ADAPTER.target());
        AdapterClient client = AdapterClient.builder().target(forwarder.target()).plaintext().maxRetries(1).build()) {
      forwarder.refuse(true);
      AdapterException failure = Parts.failure(() -> client.runJob(Parts.ticket().build()));
      assertEquals(Reasons.CONNECTION_LOST, failure.reason());
      assertTrue(failure.isRetryable());
    }
  }

  private static void awaitRunning(JobRequest request) {
    Parts.await("the start of the job", () -> {
      try {
        return direct.getJob(JobKey.ofRequestId(request.requestId())).usage().modelCalls() == 1
            || direct.getJob(JobKey.ofRequestId(request.requestId())).state() == State.RUNNING;
      } catch (AdapterException exception) {
        return false;
      }
    });
  }
}
