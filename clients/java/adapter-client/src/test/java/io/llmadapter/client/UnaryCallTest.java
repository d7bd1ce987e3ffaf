package io.llmadapter.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Metadata;
import io.grpc.Status;
import io.llmadapter.v1.GetJobRequest;
import io.llmadapter.v1.GetJobResponse;
import io.llmadapter.v1.JobServiceGrpc;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** However a call ends, whoever waits for it is told. */
class UnaryCallTest {

  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final ScriptedChannel channel = new ScriptedChannel();
  private Calls calls = callsThatRetryAfter(Duration.ofMillis(10));

  @Test
  void aCallThatEndsWellButWithoutAnAnswerFails() throws Exception {
    channel.onStart(call -> call.onClose(Status.OK, new Metadata()));
    assertEquals(Reasons.TRANSPORT_ERROR, failure(start()).reason());
  }

  @Test
  void detailsThatCannotBeReadAreNoDetails() throws Exception {
    Metadata trailers = new Metadata();
    trailers.put(DETAILS, "no message of protobuf".getBytes(StandardCharsets.UTF_8));
    channel.onStart(call -> call.onClose(Status.INTERNAL, trailers));
    assertEquals(Reasons.TRANSPORT_ERROR, failure(start()).reason());
  }

  @Test
  void detailsOfAnotherStatusAreNoDetails() throws Exception {
    Metadata trailers = new Metadata();
    trailers.put(DETAILS, com.google.rpc.Status.newBuilder().setCode(Status.Code.NOT_FOUND.value()).build().toByteArray());
    channel.onStart(call -> call.onClose(Status.INTERNAL, trailers));
    assertEquals(Reasons.TRANSPORT_ERROR, failure(start()).reason());
  }

  @Test
  void aRetryThatCannotBeBegunIsTold() throws Exception {
    RejectedExecutionException full = new RejectedExecutionException("the executor takes nothing more");
    channel.onStart(call -> call.onClose(Status.UNAVAILABLE, new Metadata()));
    channel.onStart(call -> {
      throw full;
    });
    CompletableFuture<GetJobResponse> answer = start();
    ExecutionException thrown = assertThrows(ExecutionException.class, () -> answer.get(30, TimeUnit.SECONDS));
    assertSame(full, thrown.getCause());
  }

  @Test
  void aCallThatFailsWhileTheClientIsClosedIsNotLost() throws Exception {
    calls = callsThatRetryAfter(Duration.ofSeconds(20));
    channel.onStart(call -> channel.onTermination(() -> call.onClose(Status.UNAVAILABLE, new Metadata())));
    channel.onStart(call -> call.onClose(Status.UNAVAILABLE, new Metadata()));
    CompletableFuture<GetJobResponse> answer = start();
    calls.close(Duration.ofSeconds(1));
    assertEquals(Reasons.CONNECTION_LOST, failure(answer).reason());
  }

  @Test
  void aCallThatAStoppingServerNeverHandedOnIsSentAgain() throws Exception {
    for (String text : new String[] {"CANCELLED", "RST_STREAM closed stream. HTTP/2 error code: CANCEL"}) {
      channel.onStart(call -> call.onClose(Status.CANCELLED.withDescription(text), new Metadata()));
    }
    channel.onStart(call -> call.onClose(Status.INTERNAL, new Metadata()));
    assertEquals(Reasons.TRANSPORT_ERROR, failure(start()).reason());
  }

  @Test
  void aCallThatSomebodyOnThisSideEndedIsNotSentAgain() throws Exception {
    channel.onStart(call -> call.onClose(Status.CANCELLED.withDescription("Context cancelled"), new Metadata()));
    assertEquals(Reasons.CALL_ABANDONED, failure(start()).reason());
  }

  private Calls callsThatRetryAfter(Duration pause) {
    return new Calls(channel, new CallHeaders(), new Retries(4, pause, pause));
  }

  private CompletableFuture<GetJobResponse> start() {
    return UnaryCall.start(
        calls,
        JobServiceGrpc.getGetJobMethod(),
        GetJobRequest.getDefaultInstance(),
        null,
        Calls.deadline(Duration.ofMinutes(1)));
  }

  private static AdapterException failure(CompletableFuture<?> answer) throws InterruptedException, TimeoutException {
    try {
      answer.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException exception) {
      return (AdapterException) exception.getCause();
    }
    throw new AssertionError("The call succeeded.");
  }
}
