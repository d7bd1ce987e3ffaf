package io.llmadapter.spring.it;

import io.llmadapter.testkit.AdapterProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;

/** Broker and adapter, started once for all tests. */
final class World {

  static final Broker BROKER = Broker.start();
  static final AdapterProcess ADAPTER =
      AdapterProcess.builder()
          .tasks(repository().resolve("examples/tasks"))
          .setting("amqp", "{\"urls\": [\"" + BROKER.url() + "\"]}")
          .start();

  private World() {}

  static byte[] sample(String task, String name) {
    try {
      return Files.readAllBytes(repository().resolve("examples/tasks").resolve(task).resolve("samples").resolve(name));
    } catch (IOException exception) {
      throw new UncheckedIOException(exception);
    }
  }

  private static Path repository() {
    return Paths.get(System.getProperty("llmadapter.repository"));
  }
}
