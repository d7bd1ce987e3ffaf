package io.llmadapter.client;

import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;

/** Which failed calls are repeated, and after how long. */
final class Retries {

  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);
  private static final int MOST_DOUBLINGS = 30;

  private final int max;
  private final long firstMillis;
  private final long longestMillis;

  Retries(int max, Duration first, Duration longest) {
    this.max = max;
    this.firstMillis = first.toMillis();
    this.longestMillis = longest.toMillis();
  }

  /**
   * Returns after how many milliseconds to repeat a call; empty: not at all.
   *
   * @param done how often it was repeated already
   */
  OptionalLong delayMillis(Status status, Metadata trailers, int done) {
    Status.Code code = status.getCode();
    boolean passing = code == Status.Code.UNAVAILABLE || code == Status.Code.RESOURCE_EXHAUSTED;
    if (!passing || done >= max) {
      return OptionalLong.empty();
    }
    String pushback = trailers == null ? null : trailers.get(PUSHBACK);
    if (pushback != null) {
      return pushedBack(pushback);
    }
    // Without a word how long, RESOURCE_EXHAUSTED means a message that is too large, which no waiting makes smaller.
    return code == Status.Code.UNAVAILABLE ? OptionalLong.of(backoffMillis(done)) : OptionalLong.empty();
  }

  private static OptionalLong pushedBack(String pushback) {
    long millis;
    try {
      millis = Long.parseLong(pushback);
    } catch (NumberFormatException exception) {
      return OptionalLong.empty(); // As gRPC has it: what cannot be read means "do not retry".
    }
    // Who was told the same time should not come back in the same instant.
    return millis < 0 ? OptionalLong.empty() : OptionalLong.of(millis + spread(millis / 10));
  }

  private long backoffMillis(int done) {
    long whole = Math.min(longestMillis, firstMillis << Math.min(done, MOST_DOUBLINGS));
    return whole / 2 + spread(whole / 2);
  }

  private static long spread(long millis) {
    return ThreadLocalRandom.current().nextLong(millis + 1);
  }
}
