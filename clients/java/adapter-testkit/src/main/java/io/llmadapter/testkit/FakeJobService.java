package io.llmadapter.testkit;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.llmadapter.v1.CancelJobRequest;
import io.llmadapter.v1.CancelJobResponse;
import io.llmadapter.v1.GetJobRequest;
import io.llmadapter.v1.GetJobResponse;
import io.llmadapter.v1.Job;
import io.llmadapter.v1.JobServiceGrpc;
import io.llmadapter.v1.Payload;
import io.llmadapter.v1.RunJobRequest;
import io.llmadapter.v1.RunJobResponse;
import io.llmadapter.v1.SubmitJobRequest;
import io.llmadapter.v1.SubmitJobResponse;
import io.llmadapter.v1.WatchJobRequest;
import io.llmadapter.v1.WatchJobResponse;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** JobService as a real adapter behaves, with answers from a script. */
final class FakeJobService extends JobServiceGrpc.JobServiceImplBase {

  /** The server answers so long before the caller's deadline: later, the caller would see neither reason nor job id. */
  private static final long MARGIN_MILLIS = 300;

  private final FakeJobs jobs;
  private final ScheduledExecutorService scheduler;

  FakeJobService(FakeJobs jobs, ScheduledExecutorService scheduler) {
    this.jobs = jobs;
    this.scheduler = scheduler;
  }

  @Override
  public void runJob(RunJobRequest request, StreamObserver<RunJobResponse> caller) {
    Map<String, String> headers = HeaderCapture.current();
    FakeJob job;
    try {
      job = jobs.claim(received(request.getTask(), request.getRequestId(), request.getPayload(), request.getLabelsMap(), headers));
    } catch (StatusRuntimeException exception) {
      caller.onError(exception);
      return;
    }
    AtomicBoolean answered = new AtomicBoolean();
    job.watch(state -> {
      if (FakeJob.isFinal(state) && answered.compareAndSet(false, true)) {
        RuntimeException error = job.errorFor(request.getOptions().getAcceptReview());
        answer(caller, error, () -> RunJobResponse.newBuilder().setJob(state).build());
      }
    });
    answerBeforeDeadline(caller, job.job().getJobId(), answered);
  }

  @Override
  public void submitJob(SubmitJobRequest request, StreamObserver<SubmitJobResponse> caller) {
    Map<String, String> headers = HeaderCapture.current();
    respond(caller, () -> {
      FakeJob job = jobs.claim(received(request.getTask(), request.getRequestId(), request.getPayload(), request.getLabelsMap(), headers));
      if (FakeJob.isFinal(job.job()) && !job.isRecorded()) {
        throw (StatusRuntimeException) job.errorFor(true);
      }
      return SubmitJobResponse.newBuilder().setJob(job.job()).build();
    });
  }

  @Override
  public void getJob(GetJobRequest request, StreamObserver<GetJobResponse> caller) {
    respond(caller, () ->
        GetJobResponse.newBuilder().setJob(jobs.find(request.getJobId(), request.getRequestId()).job()).build());
  }

  @Override
  public void watchJob(WatchJobRequest request, StreamObserver<WatchJobResponse> caller) {
    try {
      jobs.find(request.getJobId(), request.getRequestId()).watch(state -> tell(caller, state));
    } catch (StatusRuntimeException exception) {
      caller.onError(exception);
    }
  }

  @Override
  public void cancelJob(CancelJobRequest request, StreamObserver<CancelJobResponse> caller) {
    respond(caller, () -> {
      FakeJob job = jobs.cancel(request.getJobId(), request.getRequestId(), request.getAllowMissing());
      return CancelJobResponse.newBuilder().setJob(job.job()).build();
    });
  }

  private void answerBeforeDeadline(StreamObserver<RunJobResponse> caller, String jobId, AtomicBoolean answered) {
    Deadline deadline = Context.current().getDeadline();
    if (deadline == null || answered.get()) {
      return;
    }
    long millis = Math.max(0, deadline.timeRemaining(TimeUnit.MILLISECONDS) - MARGIN_MILLIS);
    scheduler.schedule(() -> {
      if (answered.compareAndSet(false, true)) {
        String message = "Your deadline passed before the outcome. The job goes on: fetch it by its id, or send the same request again.";
        caller.onError(FakeErrors.of("DEADLINE_EXCEEDED", message, jobId));
      }
    }, millis, TimeUnit.MILLISECONDS);
  }

  private static void tell(StreamObserver<WatchJobResponse> caller, Job state) {
    caller.onNext(WatchJobResponse.newBuilder().setJob(state).build());
    if (FakeJob.isFinal(state)) {
      caller.onCompleted();
    }
  }

  private static <A> void respond(StreamObserver<A> caller, Supplier<A> answer) {
    A value;
    try {
      value = answer.get();
    } catch (StatusRuntimeException exception) {
      caller.onError(exception);
      return;
    }
    caller.onNext(value);
    caller.onCompleted();
  }

  private static <A> void answer(StreamObserver<A> caller, RuntimeException error, Supplier<A> answer) {
    if (error != null) {
      caller.onError(error);
      return;
    }
    caller.onNext(answer.get());
    caller.onCompleted();
  }

  private static ReceivedRequest received(
      String task, String requestId, Payload payload, Map<String, String> labels, Map<String, String> headers) {
    return new ReceivedRequest(
        task, requestId, payload.getContent().toByteArray(), payload.getContentType(), labels, headers);
  }
}
