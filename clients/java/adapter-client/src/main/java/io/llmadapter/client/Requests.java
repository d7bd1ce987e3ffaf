package io.llmadapter.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.llmadapter.v1.CancelJobRequest;
import io.llmadapter.v1.GetJobRequest;
import io.llmadapter.v1.JobOptions;
import io.llmadapter.v1.Payload;
import io.llmadapter.v1.ReplyTo;
import io.llmadapter.v1.RunJobRequest;
import io.llmadapter.v1.SubmitJobRequest;
import io.llmadapter.v1.WatchJobRequest;

/** What callers ask for, as messages of the wire. */
final class Requests {

  private Requests() {}

  static RunJobRequest run(JobRequest request) {
    return RunJobRequest.newBuilder()
        .setTask(request.task())
        .setRequestId(request.requestId())
        .setPayload(payload(request))
        .setOptions(options(request))
        .putAllLabels(request.labels())
        .build();
  }

  static SubmitJobRequest submit(JobRequest request, SubmitOptions options) {
    SubmitJobRequest.Builder wire =
        SubmitJobRequest.newBuilder()
            .setTask(request.task())
            .setRequestId(request.requestId())
            .setPayload(payload(request))
            .setOptions(options(request))
            .putAllLabels(request.labels())
            .setCorrelationId(options.correlationId());
    options.replyRoutingKey().ifPresent(key ->
        wire.setReplyTo(ReplyTo.newBuilder().setExchange(options.replyExchange()).setRoutingKey(key)));
    options.expiry().ifPresent(expiry -> wire.setDeadline(Times.wire(expiry)));
    return wire.build();
  }

  static GetJobRequest get(JobKey key) {
    GetJobRequest.Builder wire = GetJobRequest.newBuilder();
    return (key.jobId() != null ? wire.setJobId(key.jobId()) : wire.setRequestId(key.requestId())).build();
  }

  static WatchJobRequest watch(JobKey key) {
    WatchJobRequest.Builder wire = WatchJobRequest.newBuilder();
    return (key.jobId() != null ? wire.setJobId(key.jobId()) : wire.setRequestId(key.requestId())).build();
  }

  static CancelJobRequest cancel(JobKey key, boolean allowMissing) {
    CancelJobRequest.Builder wire = CancelJobRequest.newBuilder().setAllowMissing(allowMissing);
    return (key.jobId() != null ? wire.setJobId(key.jobId()) : wire.setRequestId(key.requestId())).build();
  }

  private static Payload payload(JobRequest request) {
    ByteString content = UnsafeByteOperations.unsafeWrap(request.payloadUncopied()); // Nobody changes it.
    return Payload.newBuilder()
        .setContent(content)
        .setContentType(request.contentType())
        .setCharset(request.charset())
        .build();
  }

  private static JobOptions options(JobRequest request) {
    return JobOptions.newBuilder().setModel(request.model()).setAcceptReview(request.acceptReview()).build();
  }
}
