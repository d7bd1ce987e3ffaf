package io.llmadapter.client;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** One model call that returned a reply, or during which its worker died. */
public final class Attempt {

  private final io.llmadapter.v1.Attempt wire;

  Attempt(io.llmadapter.v1.Attempt wire) {
    this.wire = wire;
  }

  /** Returns the configured name of the model. */
  public String model() {
    return wire.getModel();
  }

  /** Returns what the provider said it served. */
  public String servedModel() {
    return wire.getServedModel();
  }

  /** Returns the provider's fingerprint of that model; empty: it gave none. */
  public String systemFingerprint() {
    return wire.getSystemFingerprint();
  }

  /** Returns how the contract was imposed on the model, for example "json_schema". */
  public String mode() {
    return wire.getMode();
  }

  /** Returns why the model stopped: "stop", "length", "content_filter", "refusal", "other"; "lost" if its worker died. */
  public String finishReason() {
    return wire.getFinishReason();
  }

  /** Returns what this call used. */
  public Usage usage() {
    return new Usage(wire.getUsage());
  }

  /** Returns when the call was sent. */
  public Instant startTime() {
    return Times.instant(wire.getStartTime());
  }

  /** Returns how long the call took. */
  public Duration duration() {
    return Times.duration(wire.getDuration());
  }

  /** Returns why this attempt did not end the job, for example OUTPUT_INVALID; empty if it did. */
  public String reason() {
    return wire.getReason();
  }

  /** Returns the parameters of the task that the provider cannot take and that were therefore not sent. Unmodifiable. */
  public List<String> unsentParameters() {
    return Collections.unmodifiableList(new ArrayList<>(wire.getUnsentParametersList()));
  }

  @Override
  public String toString() {
    return model() + ": " + (reason().isEmpty() ? finishReason() : reason());
  }
}
