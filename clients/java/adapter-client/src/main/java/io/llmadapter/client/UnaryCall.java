package io.llmadapter.client;

import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;

/** One request with one answer, sent as often as it takes. */
final class UnaryCall<Q, A> {

  private final Calls calls;
  private final MethodDescriptor<Q, A> method;
  private final Q request;
  private final String requestId;
  private final Deadline deadline;
  private final CompletableFuture<A> answer = new CompletableFuture<>();
  private volatile ClientCall<Q, A> running;

  private UnaryCall(Calls calls, MethodDescriptor<Q, A> method, Q request, String requestId, Deadline deadline) {
    this.calls = calls;
    this.method = method;
    this.request = request;
    this.requestId = requestId;
    this.deadline = deadline;
  }

  /** Returns the answer to come; it fails with an AdapterException. Cancelling it ends the call. */
  static <Q, A> CompletableFuture<A> start(
      Calls calls, MethodDescriptor<Q, A> method, Q request, String requestId, Deadline deadline) {
    UnaryCall<Q, A> call = new UnaryCall<>(calls, method, request, requestId, deadline);
    call.answer.whenComplete((answer, failure) -> call.endIfCancelled());
    call.begin(0);
    return call.answer;
  }

  private void begin(int done) {
    if (answer.isDone()) {
      return;
    }
    try {
      running = calls.begin(method, deadline);
      ClientCalls.asyncUnaryCall(running, request, new Answering(done));
    } catch (RuntimeException | Error thrown) { // From a retry nobody else would hear of it.
      answer.completeExceptionally(thrown);
      return;
    }
    endIfCancelled();
  }

  private void endIfCancelled() {
    ClientCall<Q, A> call = running;
    if (answer.isCancelled() && call != null) {
      call.cancel("the caller gave it up", null);
    }
  }

  private final class Answering implements StreamObserver<A> {

    private final int done;

    private Answering(int done) {
      this.done = done;
    }

    @Override
    public void onNext(A value) {
      answer.complete(value);
    }

    @Override
    public void onError(Throwable thrown) {
      StatusRuntimeException failure = (StatusRuntimeException) thrown;
      boolean again =
          !answer.isDone()
              && calls.again(failure.getStatus(), failure.getTrailers(), done, deadline, () -> begin(done + 1));
      if (!again) {
        answer.completeExceptionally(calls.failure(failure.getStatus(), failure.getTrailers(), requestId));
      }
    }

    @Override
    public void onCompleted() {
      if (!answer.isDone()) { // Something between answered OK and sent nothing.
        Status empty = Status.INTERNAL.withDescription("the call ended without an answer");
        answer.completeExceptionally(calls.failure(empty, null, requestId));
      }
    }
  }
}
