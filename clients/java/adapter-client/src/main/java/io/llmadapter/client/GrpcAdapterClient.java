package io.llmadapter.client;

import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.llmadapter.v1.CancelJobResponse;
import io.llmadapter.v1.GetJobResponse;
import io.llmadapter.v1.JobServiceGrpc;
import io.llmadapter.v1.RunJobResponse;
import io.llmadapter.v1.SubmitJobResponse;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The client over one gRPC channel. */
final class GrpcAdapterClient implements AdapterClient {

  private static final Duration CLOSING = Duration.ofSeconds(5);

  private final Calls calls;
  private final Duration defaultDeadline;

  GrpcAdapterClient(ManagedChannel channel, CallHeaders headers, Retries retries, Duration defaultDeadline) {
    this.calls = new Calls(channel, headers, retries);
    this.defaultDeadline = defaultDeadline;
  }

  @Override
  public JobResult runJob(JobRequest request) {
    return Waiting.on(runJobAsync(request), request.requestId());
  }

  @Override
  public CompletableFuture<JobResult> runJobAsync(JobRequest request) {
    Deadline deadline = Calls.deadline(request.deadline().orElse(defaultDeadline));
    CompletableFuture<RunJobResponse> answer =
        UnaryCall.start(calls, JobServiceGrpc.getRunJobMethod(), Requests.run(request), request.requestId(), deadline);
    CompletableFuture<JobResult> result = new CompletableFuture<>();
    answer.whenComplete((response, failure) -> {
      if (failure != null) {
        result.completeExceptionally(failure);
      } else {
        complete(result, response);
      }
    });
    result.whenComplete((ignored, failure) -> {
      if (result.isCancelled()) {
        answer.cancel(true);
      }
    });
    return result;
  }

  @Override
  public Job submitJob(JobRequest request, SubmitOptions options) {
    Deadline deadline = Calls.deadline(request.deadline().orElse(defaultDeadline));
    CompletableFuture<SubmitJobResponse> answer =
        UnaryCall.start(
            calls, JobServiceGrpc.getSubmitJobMethod(), Requests.submit(request, options), request.requestId(), deadline);
    return new Job(Waiting.on(answer, request.requestId()).getJob());
  }

  @Override
  public Job getJob(JobKey key) {
    GetJobResponse answer = lookUp(JobServiceGrpc.getGetJobMethod(), Requests.get(key), key);
    return new Job(answer.getJob());
  }

  @Override
  public JobWatch watchJob(JobKey key, Duration deadline, Consumer<JobEvent> listener) {
    Objects.requireNonNull(listener, "listener");
    return new GrpcJobWatch(calls, key, Calls.deadline(Checks.positive(deadline, "deadline")), listener).start();
  }

  @Override
  public Job cancelJob(JobKey key) {
    return cancel(key, false);
  }

  @Override
  public Job cancelRequest(String requestId) {
    return cancel(JobKey.ofRequestId(requestId), true);
  }

  @Override
  public void close() {
    calls.close(CLOSING);
  }

  /** Returns how many calls wait for their retry. */
  int waitingCalls() {
    return calls.waitingCalls();
  }

  private Job cancel(JobKey key, boolean allowMissing) {
    CancelJobResponse answer = lookUp(JobServiceGrpc.getCancelJobMethod(), Requests.cancel(key, allowMissing), key);
    return new Job(answer.getJob());
  }

  private <Q, A> A lookUp(MethodDescriptor<Q, A> method, Q request, JobKey key) {
    Deadline deadline = Calls.deadline(defaultDeadline);
    return Waiting.on(UnaryCall.start(calls, method, request, key.requestId(), deadline), key.requestId());
  }

  private static void complete(CompletableFuture<JobResult> result, RunJobResponse response) {
    try {
      Job job = new Job(response.getJob());
      // A review comes only to a request that accepts one; what has no output tells why.
      result.complete(job.result().orElseGet(job::resultOrThrow));
    } catch (RuntimeException | Error thrown) {
      result.completeExceptionally(thrown);
    }
  }
}
