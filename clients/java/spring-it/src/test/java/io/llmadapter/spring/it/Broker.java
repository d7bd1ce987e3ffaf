package io.llmadapter.spring.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A RabbitMQ of these tests alone, which ends with this process. */
final class Broker {

  private final Process process;
  private final String url;

  private Broker(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  static Broker start() {
    String script = System.getProperty("llmadapter.repository") + "/deploy/rabbitmq/private_broker.py";
    ProcessBuilder builder = new ProcessBuilder(System.getProperty("llmadapter.python"), script);
    try {
      Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
      BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      String url = lines.readLine();
      if (url == null) {
        throw new IllegalStateException("RabbitMQ did not start, see above; in the repository of llm-adapter: make setup servers.");
      }
      Broker broker = new Broker(process, url);
      Runtime.getRuntime().addShutdownHook(new Thread(broker::stop));
      return broker;
    } catch (IOException exception) {
      throw new UncheckedIOException(exception);
    }
  }

  String url() {
    return url;
  }

  /** Returns the address as Spring Boot wants it: it takes the escape of the default virtual host for a name. */
  String springAddress() {
    return url.replace("/%2F", "");
  }

  private void stop() {
    process.destroy();
    try {
      process.waitFor();
    } catch (InterruptedException exception) {
      process.destroyForcibly();
    }
  }
}
