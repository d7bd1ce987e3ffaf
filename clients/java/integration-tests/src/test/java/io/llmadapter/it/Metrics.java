package io.llmadapter.it;

import io.llmadapter.testkit.AdapterProcess;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** What the adapter counts. */
final class Metrics {

  private static final String MODEL_CALLS = "adapter_model_calls_total{";

  private Metrics() {}

  /** Returns how many model calls have ended, those without a reply included. */
  static long modelCalls(AdapterProcess adapter) throws IOException {
    URI page = URI.create("http://127.0.0.1:" + adapter.httpPort() + "/metrics");
    try (InputStream stream = page.toURL().openStream()) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith(MODEL_CALLS))
          .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    }
  }
}
