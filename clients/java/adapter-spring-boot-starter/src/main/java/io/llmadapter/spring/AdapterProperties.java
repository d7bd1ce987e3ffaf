package io.llmadapter.spring;

import java.nio.file.Path;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/** What stands under {@code llm-adapter} in the configuration. */
@ConfigurationProperties("llm-adapter")
public class AdapterProperties {

  private final Amqp amqp = new Amqp();
  private String target;
  private boolean plaintext;
  private Path trust;
  private Path certificate;
  private Path privateKey;
  private String apiKey;
  private Duration deadline = Duration.ofSeconds(60);

  /** Returns what stands under {@code llm-adapter.amqp}. */
  public Amqp getAmqp() {
    return amqp;
  }

  /** Returns where the adapter is; null: there is no client. */
  public String getTarget() {
    return target;
  }

  /** Sets where the adapter is: host:port, or with three slashes dns:///adapter.prod:50051. Default: none. */
  public void setTarget(String target) {
    this.target = target;
  }

  /** Returns whether the client speaks without TLS. */
  public boolean isPlaintext() {
    return plaintext;
  }

  /** Sets whether the client speaks without TLS. Default: false. */
  public void setPlaintext(boolean plaintext) {
    this.plaintext = plaintext;
  }

  /** Returns the PEM file of the certificates to trust; null: those of the JDK. */
  public Path getTrust() {
    return trust;
  }

  /** Sets the PEM file of the certificates to trust. Default: those of the JDK. */
  public void setTrust(Path trust) {
    this.trust = trust;
  }

  /** Returns the PEM file of the client's own certificate chain; null: it shows none. */
  public Path getCertificate() {
    return certificate;
  }

  /** Sets the PEM file of the client's own certificate chain, for mutual TLS. Default: none. */
  public void setCertificate(Path certificate) {
    this.certificate = certificate;
  }

  /** Returns the PEM file of its key; null: none. */
  public Path getPrivateKey() {
    return privateKey;
  }

  /** Sets the PEM file of its unencrypted PKCS#8 key. Default: none. */
  public void setPrivateKey(Path privateKey) {
    this.privateKey = privateKey;
  }

  /** Returns the API key; null: none. */
  public String getApiKey() {
    return apiKey;
  }

  /** Sets the API key. Default: none. */
  public void setApiKey(String apiKey) {
    this.apiKey = apiKey;
  }

  /** Returns how long a call takes at most, if its request says nothing. */
  public Duration getDeadline() {
    return deadline;
  }

  /** Sets how long a call takes at most, if its request says nothing. Default: 60 seconds. */
  public void setDeadline(Duration deadline) {
    this.deadline = deadline;
  }

  /** What stands under {@code llm-adapter.amqp}; the broker itself is Spring Boot's to configure. */
  public static class Amqp {

    private boolean enabled = true;
    private String requestsExchange = "adapter.requests";
    private Duration replyTimeout = Duration.ofSeconds(60);
    private int prefetch = 50;

    /** Returns whether the beans for RabbitMQ are made. */
    public boolean isEnabled() {
      return enabled;
    }

    /** Sets whether the beans for RabbitMQ are made. Default: true. */
    public void setEnabled(boolean enabled) {
      this.enabled = enabled;
    }

    /** Returns the exchange where the adapter takes requests. */
    public String getRequestsExchange() {
      return requestsExchange;
    }

    /** Sets the exchange where the adapter takes requests. Default: adapter.requests. */
    public void setRequestsExchange(String requestsExchange) {
      this.requestsExchange = requestsExchange;
    }

    /** Returns how long a call by queue waits for its reply. */
    public Duration getReplyTimeout() {
      return replyTimeout;
    }

    /** Sets how long a call by queue waits for its reply. Default: 60 seconds. */
    public void setReplyTimeout(Duration replyTimeout) {
      this.replyTimeout = replyTimeout;
    }

    /** Returns how many results a listener holds at once. */
    public int getPrefetch() {
      return prefetch;
    }

    /** Sets how many results a listener holds at once. Default: 50. */
    public void setPrefetch(int prefetch) {
      this.prefetch = prefetch;
    }
  }
}
