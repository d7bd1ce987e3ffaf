package io.llmadapter.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.JobResult;
import io.llmadapter.testkit.AdapterExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A call that is silent for 70 seconds while the client pings every 10: gRPC servers cut such a client off after some 50
 * seconds (too_many_pings) unless they are told not to, and the retry would ask the model again.
 */
class SilentCallIT {

  private static final Duration SILENCE = Duration.ofSeconds(70);

  @TempDir static Path tasks;

  @RegisterExtension
  static final AdapterExtension ADAPTER =
      AdapterExtension.of(() -> Parts.slowAdapter(SILENCE).tasks(patientTasks()));

  @Test
  void aCallOfSeventySecondsSurvivesPingsEveryTen() throws Exception {
    try (Forwarder forwarder = new Forwarder(ADAPTER.target());
        AdapterClient client =
            AdapterClient.builder()
                .target(forwarder.target())
                .plaintext()
                .keepAlive(Duration.ofSeconds(10))
                .defaultDeadline(Duration.ofSeconds(110))
                .build()) {
      JobResult result = client.runJob(Parts.ticket().build());
      assertTrue(result.job().usage().modelTime().compareTo(SILENCE.minusSeconds(1)) > 0, "the call was silent for so long");
      assertEquals(1, result.job().usage().modelCalls());
      assertEquals(1, forwarder.connections(), "the connection was never cut");
      assertEquals(1, Metrics.modelCalls(ADAPTER.adapter()));
    }
  }

  /** Copies the example tasks; a job of theirs may take 60 seconds, of these 100. */
  private static Path patientTasks() {
    Path source = Parts.tasks().resolve(Parts.TASK);
    Path copy = tasks.resolve(Parts.TASK);
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(file, copy.resolve(source.relativize(file).toString()), StandardCopyOption.REPLACE_EXISTING);
      }
      Path policy = copy.resolve("task.yaml");
      Files.writeString(policy, Files.readString(policy).replace("seconds: 60", "seconds: 100"));
    } catch (IOException exception) {
      throw new java.io.UncheckedIOException(exception);
    }
    return tasks;
  }
}
