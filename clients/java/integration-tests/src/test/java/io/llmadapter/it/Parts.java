package io.llmadapter.it;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.JobRequest;
import io.llmadapter.testkit.AdapterProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.function.Executable;

/** What the tests share: the adapter with its example tasks, a client, a ticket. */
final class Parts {

  static final String TASK = "classify-ticket";

  private Parts() {}

  static AdapterProcess.Builder adapter() {
    return AdapterProcess.builder().tasks(tasks()).startTimeout(Duration.ofSeconds(180));
  }

  /** Returns an adapter whose model takes so long for every answer. */
  static AdapterProcess.Builder slowAdapter(Duration latency) {
    return adapter()
        .setting("models.default.provider", "simulated")
        .setting("models.default.latency", String.valueOf(latency.toMillis() / 1000.0));
  }

  static AdapterClient client(String target) {
    return AdapterClient.builder().target(target).plaintext().build();
  }

  static JobRequest.Builder ticket() {
    return JobRequest.builder(TASK).payload(sample("01-double-charge.json"), "application/json");
  }

  static byte[] sample(String name) {
    try {
      return Files.readAllBytes(tasks().resolve(TASK).resolve("samples").resolve(name));
    } catch (IOException exception) {
      throw new UncheckedIOException(exception);
    }
  }

  static Path tasks() {
    return Path.of(System.getProperty("llmadapter.tasks"));
  }

  /** Runs what must fail, and returns how. */
  static AdapterException failure(Executable call) {
    return Assertions.assertThrows(AdapterException.class, call);
  }

  /** Waits until a condition holds. */
  static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        Assertions.fail(what + " did not happen within 30 seconds");
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException exception) {
        throw new IllegalStateException(exception);
      }
    }
  }
}
