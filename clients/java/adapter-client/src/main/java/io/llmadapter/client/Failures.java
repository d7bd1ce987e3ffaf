package io.llmadapter.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The one translator from the ends of calls to exceptions. */
final class Failures {

  private static final String DOMAIN = "llm-adapter";
  private static final Metadata.Key<String> JOB_ID = Metadata.Key.of("llm-job-id", Metadata.ASCII_STRING_MARSHALLER);

  private Failures() {}

  /** Returns the exception of a call that failed; requestId null: the call was about no request of ours. */
  static AdapterException of(Status status, Metadata trailers, String requestId) {
    com.google.rpc.Status details = details(status, trailers);
    Optional<ErrorInfo> info = detail(details, ErrorInfo.class).filter(each -> DOMAIN.equals(each.getDomain()));
    JobError error = info.map(each -> told(details, each)).orElseGet(() -> ofTransport(status));
    String jobId = info.map(each -> each.getMetadataOrDefault("job_id", "")).orElse("");
    if (jobId.isEmpty() && trailers != null) {
      jobId = trailers.get(JOB_ID);
    }
    return new AdapterException(error, jobId, requestId, status.asRuntimeException());
  }

  /** A proxy may have replaced the status and left the details, or have spoilt them: then there are none. */
  private static com.google.rpc.Status details(Status status, Metadata trailers) {
    try {
      return StatusProto.fromStatusAndTrailers(status, trailers);
    } catch (IllegalArgumentException exception) {
      return StatusProto.fromStatusAndTrailers(status, null);
    }
  }

  static AdapterException abandoned(String how, String requestId, Throwable cause) {
    String message = how + ". The job goes on: fetch it by its id, or send the same request again.";
    return new AdapterException(error(Reasons.CALL_ABANDONED, message, Retryable.YES), null, requestId, cause);
  }

  static AdapterException reviewNeeded(Job job) {
    String message = "The output satisfies its contract but a person has to look at it: its verdict and findings say why.";
    JobError error = error(Reasons.REVIEW_NEEDED, message, Retryable.NO);
    return new AdapterException(error, job.jobId(), job.requestId(), null);
  }

  private static JobError told(com.google.rpc.Status details, ErrorInfo info) {
    List<Violation> violations =
        detail(details, BadRequest.class).map(Failures::violations).orElse(Collections.emptyList());
    Retryable retryable = Retryable.of(info.getMetadataOrDefault("retryable", ""));
    return JobError.of(info.getReason(), details.getMessage(), retryable, violations);
  }

  private static List<Violation> violations(BadRequest bad) {
    return bad.getFieldViolationsList().stream()
        .map(each -> Violation.of(each.getField(), each.getReason(), each.getDescription()))
        .collect(Collectors.toList());
  }

  private static JobError ofTransport(Status status) {
    String detail = describe(status);
    switch (status.getCode()) {
      case UNAVAILABLE:
        String lost = "The adapter cannot be reached (" + detail + "). Check target, network and TLS; then send the same request again.";
        return error(Reasons.CONNECTION_LOST, lost, Retryable.YES);
      case DEADLINE_EXCEEDED:
        String late = "The deadline passed without an answer. The job goes on: fetch it by its id, or send the same request again.";
        return error(Reasons.DEADLINE_EXCEEDED, late, Retryable.YES);
      case CANCELLED:
        return error(Reasons.CALL_ABANDONED, "The call was ended (" + detail + "). Send the same request again.", Retryable.YES);
      default:
        String foreign = "The call was refused, but not by an llm-adapter that this client understands (";
        return error(Reasons.TRANSPORT_ERROR, foreign + status.getCode() + ": " + detail + "). Check target, proxies and versions.", Retryable.NO);
    }
  }

  /** Returns what gRPC says of it, and the first cause, which tells more: gRPC's own word is often "io exception". */
  private static String describe(Status status) {
    String text = status.getDescription() == null ? status.getCode().name() : status.getDescription();
    Throwable cause = status.getCause();
    while (cause != null && cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    return cause == null || cause.getMessage() == null ? text : text + ": " + cause.getMessage();
  }

  private static JobError error(String reason, String message, Retryable retryable) {
    return JobError.of(reason, message, retryable, Collections.emptyList());
  }

  private static <T extends Message> Optional<T> detail(com.google.rpc.Status details, Class<T> type) {
    for (Any any : details.getDetailsList()) {
      if (any.is(type)) {
        try {
          return Optional.of(any.unpack(type));
        } catch (InvalidProtocolBufferException exception) {
          return Optional.empty(); // Then it is no answer of an adapter, and is told as such.
        }
      }
    }
    return Optional.empty();
  }
}
