package io.llmadapter.client;

import java.time.Duration;

/** Checks of arguments. */
final class Checks {

  private Checks() {}

  static Duration positive(Duration duration, String name) {
    if (duration == null || duration.isZero() || duration.isNegative()) {
      throw new IllegalArgumentException(name + " must be longer than zero, not " + duration + ".");
    }
    return duration;
  }
}
