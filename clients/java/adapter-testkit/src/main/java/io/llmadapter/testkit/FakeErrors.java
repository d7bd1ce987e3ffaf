package io.llmadapter.testkit;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.llmadapter.v1.JobError;
import io.llmadapter.v1.Violation;
import java.time.Duration;

/** Errors of jobs as a real adapter puts them on the wire. */
final class FakeErrors {

  private static final Metadata.Key<String> JOB_ID = Metadata.Key.of("llm-job-id", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);
  private static final Duration DEFAULT_PUSHBACK = Duration.ofSeconds(1);

  private FakeErrors() {}

  /** Returns how a call ends; jobId empty: there is no job. pushback null: the default, where a retry helps by itself. */
  static StatusRuntimeException of(JobError error, String jobId, Duration pushback) {
    ReasonTable row = ReasonTable.of(error.getReason());
    ErrorInfo.Builder info =
        ErrorInfo.newBuilder()
            .setReason(error.getReason())
            .setDomain("llm-adapter")
            .putMetadata("retryable", row.retryable());
    Metadata trailers = new Metadata();
    if (!jobId.isEmpty()) {
      info.putMetadata("job_id", jobId);
      trailers.put(JOB_ID, jobId);
    }
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder()
            .setCode(Status.Code.valueOf(row.grpcCode()).value())
            .setMessage(error.getMessage())
            .addDetails(Any.pack(info.build()));
    if (row.isRetriedByItself()) {
      pushBack(pushback == null ? DEFAULT_PUSHBACK : pushback, status, trailers);
    }
    if (error.getViolationsCount() > 0) {
      status.addDetails(Any.pack(badRequest(error)));
    }
    return StatusProto.toStatusRuntimeException(status.build(), trailers);
  }

  static StatusRuntimeException of(String reason, String message, String jobId) {
    return of(JobError.newBuilder().setReason(reason).setMessage(message).build(), jobId, null);
  }

  private static void pushBack(Duration after, com.google.rpc.Status.Builder status, Metadata trailers) {
    com.google.protobuf.Duration wire =
        com.google.protobuf.Duration.newBuilder().setSeconds(after.getSeconds()).setNanos(after.getNano()).build();
    status.addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(wire).build()));
    trailers.put(PUSHBACK, Long.toString(after.toMillis()));
  }

  private static BadRequest badRequest(JobError error) {
    BadRequest.Builder bad = BadRequest.newBuilder();
    for (Violation violation : error.getViolationsList()) {
      bad.addFieldViolationsBuilder()
          .setField(violation.getPointer())
          .setReason(violation.getRule())
          .setDescription(violation.getMessage());
    }
    return bad.build();
  }
}
