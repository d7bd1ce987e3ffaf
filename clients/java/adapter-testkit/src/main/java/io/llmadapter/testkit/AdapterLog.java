package io.llmadapter.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The log of an adapter that is being started, and the ports it names there. */
final class AdapterLog {

  private static final Pattern STARTED = Pattern.compile("\"event\": ?\"started\"");
  private static final Pattern GRPC_PORT = Pattern.compile("\"grpc_port\": ?(\\d+)");
  private static final Pattern HTTP_PORT = Pattern.compile("\"http_port\": ?(\\d+)");
  private static final long LOOK_MILLIS = 50;
  private static final int SHOWN_CHARACTERS = 4000;

  private final Path file;

  AdapterLog(Path file) {
    this.file = file;
  }

  Path file() {
    return file;
  }

  String text() {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException exception) {
      throw new UncheckedIOException(exception);
    }
  }

  /** Waits until the adapter says that it serves. Throws IllegalStateException if it ends before, or takes longer. */
  Ports awaitStart(Process process, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      boolean alive = process.isAlive();
      for (String line : text().split("\n")) {
        if (STARTED.matcher(line).find()) {
          return new Ports(number(GRPC_PORT, line), number(HTTP_PORT, line));
        }
      }
      if (!alive) {
        throw new IllegalStateException("The adapter ended with exit code " + process.exitValue() + ". It wrote:\n" + tail());
      }
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("The adapter did not start within " + patience + ". It wrote:\n" + tail());
      }
      pause();
    }
  }

  private String tail() {
    String text = text();
    return text.substring(Math.max(0, text.length() - SHOWN_CHARACTERS));
  }

  private static int number(Pattern pattern, String line) {
    Matcher matcher = pattern.matcher(line);
    if (!matcher.find()) {
      throw new IllegalStateException("The adapter started, but does not tell its ports; is it of the same version? It wrote:\n" + line);
    }
    return Integer.parseInt(matcher.group(1));
  }

  private static void pause() {
    try {
      Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException exception) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while the adapter started.", exception);
    }
  }

  /** Where an adapter listens. */
  static final class Ports {

    private final int grpc;
    private final int http;

    private Ports(int grpc, int http) {
      this.grpc = grpc;
      this.http = http;
    }

    int grpc() {
      return grpc;
    }

    int http() {
      return http;
    }
  }
}
