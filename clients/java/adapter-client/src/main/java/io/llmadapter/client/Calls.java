package io.llmadapter.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The channel, and what every call over it needs: headers, deadline, retries. */
final class Calls {

  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final ManagedChannel channel;
  private final CallHeaders headers;
  private final Retries retries;
  private final ScheduledExecutorService scheduler = new ScheduledThreadPoolExecutor(1, Calls::thread);
  private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();

  Calls(ManagedChannel channel, CallHeaders headers, Retries retries) {
    this.channel = channel;
    this.headers = headers;
    this.retries = retries;
  }

  static Deadline deadline(Duration duration) {
    return Deadline.after(duration.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Returns a call with the headers of this moment. Throws what a supplier of a header throws. */
  <Q, A> ClientCall<Q, A> begin(MethodDescriptor<Q, A> method, Deadline deadline) {
    Channel attached =
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers.current()));
    return attached.newCall(method, CallOptions.DEFAULT.withDeadline(deadline));
  }

  /**
   * Begins a failed call again, later, if that can help and there is time left.
   *
   * @param done how often it was repeated already
   * @return whether it will be begun again
   */
  boolean again(Status status, Metadata trailers, int done, Deadline deadline, Runnable begin) {
    OptionalLong delayMillis = retries.delayMillis(meant(status, trailers), trailers, done);
    if (!delayMillis.isPresent() || deadline.timeRemaining(TimeUnit.MILLISECONDS) <= delayMillis.getAsLong()) {
      return false;
    }
    if (channel.isShutdown()) {
      return false;
    }
    waiting.add(begin);
    Runnable due = Context.current().wrap(() -> beginWaiting(begin));
    try {
      scheduler.schedule(due, delayMillis.getAsLong(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException exception) {
      return !waiting.remove(begin); // Closed in between, which may have begun it already.
    }
    return true;
  }

  /** Returns the exception of a call that failed for good; requestId null: the call was about no request of ours. */
  AdapterException failure(Status status, Metadata trailers, String requestId) {
    AdapterException failure = Failures.of(meant(status, trailers), trailers, requestId);
    boolean byClosing = channel.isShutdown() && failure.reason().equals(Reasons.CONNECTION_LOST);
    return byClosing ? Failures.abandoned("The client was closed", requestId, failure.getCause()) : failure;
  }

  /** Ends the channel; calls that run get so much time, those that wait for a retry none. */
  void close(Duration patience) {
    channel.shutdown();
    waiting.forEach(this::beginWaiting); // They meet a closed channel, and end.
    try {
      if (!channel.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        channel.shutdownNow();
      }
    } catch (InterruptedException exception) {
      channel.shutdownNow();
      Thread.currentThread().interrupt();
    }
    scheduler.shutdownNow();
    waiting.forEach(this::beginWaiting); // Those that began to wait meanwhile.
  }

  /** Returns how many calls wait for their retry. */
  int waitingCalls() {
    return waiting.size();
  }

  /** A server that stops ends calls that it never handed on with a bare CANCELLED. */
  private static Status meant(Status status, Metadata trailers) {
    boolean told = trailers != null && trailers.containsKey(DETAILS);
    if (status.getCode() != Status.Code.CANCELLED || told) {
      return status;
    }
    String text = status.getDescription();
    boolean byServer = text == null || text.equals("CANCELLED") || text.startsWith("RST_STREAM");
    return byServer ? Status.UNAVAILABLE.withDescription(text).withCause(status.getCause()) : status;
  }

  private void beginWaiting(Runnable begin) {
    if (waiting.remove(begin)) {
      channel.resetConnectBackoff(); // Its own pause grows up to two minutes, in which every call would fail at once.
      begin.run();
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "llm-adapter-retries");
    thread.setDaemon(true);
    return thread;
  }
}
