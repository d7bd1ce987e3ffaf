package io.llmadapter.client;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** Where the result of a submitted job goes, and until when it is wanted. */
public final class SubmitOptions {

  private static final SubmitOptions NONE = builder().build();

  private final String replyExchange;
  private final String replyRoutingKey;
  private final String correlationId;
  private final Instant expiry;

  private SubmitOptions(Builder builder) {
    replyExchange = builder.replyExchange;
    replyRoutingKey = builder.replyRoutingKey;
    correlationId = builder.correlationId;
    expiry = builder.expiry;
  }

  /** Returns the defaults: the result goes to the result exchange and never expires. */
  public static SubmitOptions none() {
    return NONE;
  }

  /** Begins options. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the exchange for the result; empty: the broker's default exchange. */
  public String replyExchange() {
    return replyExchange;
  }

  /** Returns the routing key for the result; absent: it goes to the result exchange. */
  public Optional<String> replyRoutingKey() {
    return Optional.ofNullable(replyRoutingKey);
  }

  /** Returns what is echoed on the published result; empty: the request id. */
  public String correlationId() {
    return correlationId;
  }

  /** Returns until when the request is worked on; absent: without end. */
  public Optional<Instant> expiry() {
    return Optional.ofNullable(expiry);
  }

  /** Collects options. */
  public static final class Builder {

    private String replyExchange = "";
    private String replyRoutingKey;
    private String correlationId = "";
    private Instant expiry;

    private Builder() {}

    /**
     * Sends the result to a queue. Its name must be on the operator's allow-list, else REPLY_TO_REFUSED. Default: the result
     * exchange.
     */
    public Builder replyToQueue(String queue) {
      return replyTo("", queue);
    }

    /**
     * Sends the result to an exchange with a routing key. Must be on the operator's allow-list, else REPLY_TO_REFUSED.
     * Default: the result exchange.
     */
    public Builder replyTo(String exchange, String routingKey) {
      this.replyExchange = Objects.requireNonNull(exchange, "exchange");
      this.replyRoutingKey = Objects.requireNonNull(routingKey, "routingKey");
      return this;
    }

    /** Sets what is echoed on the published result, at most 255 bytes. Default: empty; the request id is echoed. */
    public Builder correlationId(String correlationId) {
      this.correlationId = Objects.requireNonNull(correlationId, "correlationId");
      return this;
    }

    /** Sets when the request is not worth working on any more and ends as REQUEST_EXPIRED. Default: never. */
    public Builder expiry(Instant expiry) {
      this.expiry = Objects.requireNonNull(expiry, "expiry");
      return this;
    }

    /** Returns the options. */
    public SubmitOptions build() {
      return new SubmitOptions(this);
    }
  }
}
