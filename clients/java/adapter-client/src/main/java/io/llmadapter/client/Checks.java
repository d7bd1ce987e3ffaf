package io.llmadapter.client;

import java.time.Duration;
import java.util.Objects;

/** Checks of arguments. */
final class Checks {

  private Checks() {}

  /** Without an id the adapter takes every try for a request of its own, and each is paid. */
  static String requestId(String requestId) {
    if (Objects.requireNonNull(requestId, "requestId").isEmpty()) {
      throw new IllegalArgumentException("requestId must not be empty: leave it out to have a random one made.");
    }
    return requestId;
  }

  static Duration positive(Duration duration, String name) {
    if (duration == null || duration.isZero() || duration.isNegative()) {
      throw new IllegalArgumentException(name + " must be longer than zero, not " + duration + ".");
    }
    return duration;
  }
}
