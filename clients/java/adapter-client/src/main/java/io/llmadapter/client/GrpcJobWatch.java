package io.llmadapter.client;

import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.llmadapter.v1.JobServiceGrpc;
import io.llmadapter.v1.WatchJobRequest;
import io.llmadapter.v1.WatchJobResponse;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A watch that begins again after a lost connection, without telling the same state twice. */
final class GrpcJobWatch implements JobWatch {

  private final Calls calls;
  private final JobKey key;
  private final Deadline deadline;
  private final Consumer<JobEvent> listener;
  private final CompletableFuture<Job> outcome = new CompletableFuture<>();
  private volatile ClientCall<WatchJobRequest, WatchJobResponse> running;
  // Touched by one stream at a time.
  private Job newest;
  private int done;

  GrpcJobWatch(Calls calls, JobKey key, Deadline deadline, Consumer<JobEvent> listener) {
    this.calls = calls;
    this.key = key;
    this.deadline = deadline;
    this.listener = listener;
    outcome.whenComplete((job, failure) -> endIfOver());
  }

  GrpcJobWatch start() {
    begin();
    return this;
  }

  @Override
  public Job await() {
    return Waiting.on(outcome, key.requestId());
  }

  @Override
  public CompletableFuture<Job> outcome() {
    return outcome;
  }

  @Override
  public void close() {
    outcome.completeExceptionally(Failures.abandoned("The watch was closed", key.requestId(), null));
  }

  private void begin() {
    if (outcome.isDone()) {
      return;
    }
    try {
      running = calls.begin(JobServiceGrpc.getWatchJobMethod(), deadline);
      ClientCalls.asyncServerStreamingCall(running, Requests.watch(key), new Listening());
    } catch (RuntimeException | Error thrown) { // From a retry nobody else would hear of it.
      outcome.completeExceptionally(thrown);
      return;
    }
    endIfOver();
  }

  private void endIfOver() {
    ClientCall<WatchJobRequest, WatchJobResponse> call = running;
    if (outcome.isDone() && call != null) {
      call.cancel("the watch is over", null);
    }
  }

  private final class Listening implements StreamObserver<WatchJobResponse> {

    @Override
    public void onNext(WatchJobResponse event) {
      done = 0;
      if (outcome.isDone()) {
        return;
      }
      try {
        tell(event);
      } catch (RuntimeException | Error thrown) {
        outcome.completeExceptionally(thrown);
      }
    }

    private void tell(WatchJobResponse event) {
      if (event.hasProgress()) {
        listener.accept(JobEvent.of(new JobProgress(event.getProgress())));
      } else if (event.hasJob()) {
        Job job = new Job(event.getJob());
        boolean known = newest != null && newest.state() == job.state() && newest.revision() == job.revision();
        newest = job;
        if (!known) {
          listener.accept(JobEvent.of(job));
        }
      }
    }

    @Override
    public void onError(Throwable thrown) {
      StatusRuntimeException failure = (StatusRuntimeException) thrown;
      ended(failure.getStatus(), failure.getTrailers());
    }

    @Override
    public void onCompleted() {
      if (newest != null && newest.state().isFinal()) {
        outcome.complete(newest);
      } else {
        ended(Status.UNAVAILABLE.withDescription("the watch ended before the job"), null);
      }
    }

    private void ended(Status status, Metadata trailers) {
      done++;
      if (outcome.isDone() || calls.again(status, trailers, done - 1, deadline, GrpcJobWatch.this::begin)) {
        return;
      }
      outcome.completeExceptionally(calls.failure(status, trailers, key.requestId()));
    }
  }
}
