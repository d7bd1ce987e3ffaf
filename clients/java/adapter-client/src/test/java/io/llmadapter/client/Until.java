package io.llmadapter.client;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assertions;

/** Waits for conditions. */
final class Until {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Until() {}

  static void holds(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      Assertions.assertTrue(System.nanoTime() < end, what + " did not happen within " + PATIENCE);
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(10);
    } catch (InterruptedException exception) {
      throw new IllegalStateException(exception);
    }
  }
}
