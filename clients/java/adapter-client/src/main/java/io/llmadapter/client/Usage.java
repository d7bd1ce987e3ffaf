package io.llmadapter.client;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;

/** What a call or a job used. */
public final class Usage {

  private final io.llmadapter.v1.Usage wire;

  Usage(io.llmadapter.v1.Usage wire) {
    this.wire = wire;
  }

  /** Returns the tokens of the prompts, cached ones included. */
  public long inputTokens() {
    return wire.getInputTokens();
  }

  /** Returns those tokens of the prompts that the provider had cached. */
  public long cachedInputTokens() {
    return wire.getCachedInputTokens();
  }

  /** Returns the tokens of the replies, reasoning included. */
  public long outputTokens() {
    return wire.getOutputTokens();
  }

  /** Returns those tokens of the replies that were spent on reasoning. */
  public long reasoningTokens() {
    return wire.getReasoningTokens();
  }

  /** Returns the number of model calls, those that brought no reply included. */
  public int modelCalls() {
    return wire.getModelCalls();
  }

  /** Returns the price of all of it; absent: no price is configured. */
  public Optional<BigDecimal> cost() {
    return wire.getCost().isEmpty() ? Optional.empty() : Optional.of(new BigDecimal(wire.getCost()));
  }

  /** Returns the currency of the cost as an ISO 4217 code; empty without a cost. */
  public String currency() {
    return wire.getCurrency();
  }

  /** Returns the time spent waiting for models. */
  public Duration modelTime() {
    return Times.duration(wire.getModelTime());
  }

  /** Returns the time spent in the adapter itself. */
  public Duration overheadTime() {
    return Times.duration(wire.getOverheadTime());
  }

  @Override
  public String toString() {
    return modelCalls() + " model calls, " + inputTokens() + " + " + outputTokens() + " tokens";
  }
}
