package io.llmadapter.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real adapter as a process of its own, on free ports of the loopback, with a memory that is thrown away. */
public final class AdapterProcess implements AutoCloseable {

  private static final long STOP_SECONDS = 20;

  private final Process process;
  private final Thread atExit;
  private final AdapterLog log;
  private final Path folder;
  private final AdapterLog.Ports ports;

  private AdapterProcess(Process process, AdapterLog log, Path folder, Duration patience) {
    this.process = process;
    this.log = log;
    this.folder = folder;
    this.atExit = new Thread(process::destroyForcibly, "llm-adapter-exit");
    Runtime.getRuntime().addShutdownHook(atExit);
    boolean started = false;
    try {
      this.ports = log.awaitStart(process, patience);
      started = true;
    } finally {
      if (!started) {
        close();
      }
    }
  }

  /** Begins an adapter. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the target for gRPC, without TLS unless configured: {@code 127.0.0.1:port}. */
  public String target() {
    return "127.0.0.1:" + ports.grpc();
  }

  /** Returns the port for health and metrics. */
  public int httpPort() {
    return ports.http();
  }

  /** Returns what the adapter has logged so far: a JSON event a line. */
  public String log() {
    return log.text();
  }

  /** Ends the adapter as an operator would, with SIGTERM, and throws its memory away. */
  @Override
  public void close() {
    stop();
    Folders.delete(folder);
  }

  /** Ends the adapter as a crash would: no drain, no goodbye. */
  public void kill() {
    process.destroyForcibly();
    waitFor(STOP_SECONDS);
  }

  private void stop() {
    process.destroy();
    if (!waitFor(STOP_SECONDS)) {
      process.destroyForcibly();
      waitFor(STOP_SECONDS);
    }
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException exception) {
      return; // The JVM is going down, and the hook runs anyway.
    }
  }

  private boolean waitFor(long seconds) {
    try {
      return process.waitFor(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException exception) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** Collects how the adapter is started. */
  public static final class Builder {

    private final Map<String, String> settings = new LinkedHashMap<>();
    private List<String> command = Command.configured();
    private Path config;
    private boolean simulated = true;
    private Duration startTimeout = Duration.ofSeconds(120);

    private Builder() {
      settings.put("GRPC__LISTEN", "127.0.0.1:0");
      settings.put("HTTP__LISTEN", "127.0.0.1:0");
      settings.put("LOG__FORMAT", "json");
      settings.put("DRAIN_SECONDS", "5");
    }

    /**
     * Sets the command that starts the adapter, without {@code serve}. Default: the system property {@code
     * llmadapter.command}, else the environment variable {@code LLM_ADAPTER_COMMAND}, else {@code adapter}.
     */
    public Builder command(String... command) {
      this.command = Collections.unmodifiableList(new ArrayList<>(Arrays.asList(command)));
      return this;
    }

    /** Sets the configuration file; its addresses and its memory are replaced. Default: none. */
    public Builder config(Path config) {
      this.config = Objects.requireNonNull(config, "config");
      return this;
    }

    /** Sets the folder of the tasks. Default: that of the configuration. */
    public Builder tasks(Path tasks) {
      return setting("tasks", tasks.toAbsolutePath().toString());
    }

    /**
     * Sets a value of the configuration by its path, for example {@code limits.in_flight}; lists and mappings as JSON. Default:
     * what the configuration says.
     */
    public Builder setting(String path, String value) {
      settings.put(path.replace(".", "__").toUpperCase(Locale.ROOT), Objects.requireNonNull(value, "value"));
      return this;
    }

    /** Sets whether every configured model is simulated: deterministic, offline, free. Default: true. */
    public Builder simulated(boolean simulated) {
      this.simulated = simulated;
      return this;
    }

    /** Sets how long the start may take. Default: 120 seconds. */
    public Builder startTimeout(Duration startTimeout) {
      this.startTimeout = Objects.requireNonNull(startTimeout, "startTimeout");
      return this;
    }

    /**
     * Starts the adapter and waits until it serves.
     *
     * @throws IllegalStateException if it does not; says what it wrote and what to do
     */
    public AdapterProcess start() {
      Path folder = Folders.create();
      AdapterLog log = new AdapterLog(folder.resolve("adapter.log"));
      ProcessBuilder builder = new ProcessBuilder(commandLine()).redirectErrorStream(true).redirectOutput(log.file().toFile());
      // What the surrounding shell configures is meant for another adapter.
      builder.environment().keySet().removeIf(name -> name.startsWith("ADAPTER_"));
      builder.environment().put("ADAPTER_DATABASE__URL", "sqlite:///" + folder.resolve("adapter.db"));
      settings.forEach((path, value) -> builder.environment().put("ADAPTER_" + path, value));
      try {
        return new AdapterProcess(builder.start(), log, folder, startTimeout);
      } catch (IOException exception) {
        Folders.delete(folder);
        throw new IllegalStateException(Command.notFound(command), exception);
      }
    }

    private List<String> commandLine() {
      List<String> line = new ArrayList<>(command);
      line.add("serve");
      if (simulated) {
        line.add("--simulated");
      }
      if (config != null) {
        line.add("--config");
        line.add(config.toAbsolutePath().toString());
      }
      return line;
    }
  }

  /** Where the command comes from when a test does not say. */
  private static final class Command {

    private static final String PROPERTY = "llmadapter.command";
    private static final String VARIABLE = "LLM_ADAPTER_COMMAND";

    private static List<String> configured() {
      String found = System.getProperty(PROPERTY, System.getenv(VARIABLE));
      return Collections.singletonList(found == null || found.isEmpty() ? "adapter" : found);
    }

    private static String notFound(List<String> command) {
      return "The adapter cannot be started with the command "
          + command
          + ". Install llm-adapter, and name its command with -D"
          + PROPERTY
          + "=/path/to/adapter or "
          + VARIABLE
          + "; in the repository of llm-adapter: make setup.";
    }
  }

  /** Folders that are thrown away. */
  private static final class Folders {

    private static Path create() {
      try {
        return Files.createTempDirectory("llm-adapter-");
      } catch (IOException exception) {
        throw new UncheckedIOException(exception);
      }
    }

    private static void delete(Path folder) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
          Files.deleteIfExists(file);
        }
      } catch (IOException exception) {
        throw new UncheckedIOException(exception);
      }
    }
  }
}
