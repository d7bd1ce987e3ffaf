package io.llmadapter.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * Asks for one run of a task for one record. Has a request id from the start, so that sending the same object again, after
 * whatever exception, gets the outcome of the first run and is not paid twice.
 */
public final class JobRequest {

  private final String task;
  private final String requestId;
  private final byte[] payload;
  private final String contentType;
  private final String charset;
  private final String model;
  private final boolean acceptReview;
  private final Map<String, String> labels;
  private final Duration deadline;

  private JobRequest(Builder builder) {
    task = builder.task;
    requestId = builder.requestId != null ? builder.requestId : UUID.randomUUID().toString();
    payload = builder.payload;
    contentType = builder.contentType;
    charset = builder.charset;
    model = builder.model;
    acceptReview = builder.acceptReview;
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(builder.labels));
    deadline = builder.deadline;
  }

  /**
   * Begins a request.
   *
   * @param task the task, with or without a version: "classify-ticket", "classify-ticket@1" or "classify-ticket@1.2.0"
   */
  public static Builder builder(String task) {
    return new Builder(Objects.requireNonNull(task, "task"));
  }

  /** Returns the task, with or without a version. */
  public String task() {
    return task;
  }

  /** Returns the idempotency key: the one that was set, or the one that was made. */
  public String requestId() {
    return requestId;
  }

  /** Returns a copy of the record's bytes. */
  public byte[] payload() {
    return payload.clone();
  }

  /** Returns the record's bytes themselves; not to be changed. */
  byte[] payloadUncopied() {
    return payload;
  }

  /** Returns the media type of the record; empty: what the task assumes. */
  public String contentType() {
    return contentType;
  }

  /** Returns the charset of the record; empty: the adapter finds out. */
  public String charset() {
    return charset;
  }

  /** Returns the name of the model; empty: the task decides. */
  public String model() {
    return model;
  }

  /** Returns whether a result with the verdict NEEDS_REVIEW is wanted as an answer. */
  public boolean acceptReview() {
    return acceptReview;
  }

  /** Returns the caller's own words for the job. Unmodifiable. */
  public Map<String, String> labels() {
    return labels;
  }

  /** Returns how long the caller waits; absent: as long as the client's default. */
  public Optional<Duration> deadline() {
    return Optional.ofNullable(deadline);
  }

  /** Returns task and request id, without the record. */
  @Override
  public String toString() {
    return "request " + requestId + " of " + task;
  }

  /** Collects the parts of a request. */
  public static final class Builder {

    private final String task;
    private final Map<String, String> labels = new LinkedHashMap<>();
    private String requestId;
    private byte[] payload;
    private String contentType = "";
    private String charset = "";
    private String model = "";
    private boolean acceptReview;
    private Duration deadline;

    private Builder(String task) {
      this.task = task;
    }

    /**
     * Sets the record as the legacy system writes it, in the format and charset that the task assumes or finds out. At most
     * 8 MiB, unless the adapter is configured otherwise. Default: none; a request needs one.
     */
    public Builder payload(byte[] content) {
      return payload(content, "");
    }

    /**
     * Sets the record and its media type, for example "text/xml; charset=ISO-8859-1". Default: none; a request needs one.
     */
    public Builder payload(byte[] content, String contentType) {
      this.payload = Objects.requireNonNull(content, "content").clone();
      this.contentType = Objects.requireNonNull(contentType, "contentType");
      return this;
    }

    /** Sets the record as JSON text. Default: none; a request needs one. */
    public Builder json(String json) {
      this.payload = Objects.requireNonNull(json, "json").getBytes(StandardCharsets.UTF_8);
      this.contentType = "application/json";
      return this;
    }

    /**
     * Sets the charset of the record, for example "windows-1252" or "IBM273". Default: empty; taken from the media type, a
     * byte order mark, the XML declaration, the task, or else UTF-8.
     */
    public Builder charset(String charset) {
      this.charset = Objects.requireNonNull(charset, "charset");
      return this;
    }

    /**
     * Sets the idempotency key, 1 to 200 bytes of printable ASCII, best made from the business key, so that it survives a
     * restart of the caller. Default: a random UUID, made when the request is built.
     *
     * @throws IllegalArgumentException if it is empty: nothing could tell a retry from another request
     */
    public Builder requestId(String requestId) {
      this.requestId = Checks.requestId(requestId);
      return this;
    }

    /** Sets the model, which must be in {@code model.use} or {@code model.allow} of the task. Default: empty; the task decides. */
    public Builder model(String model) {
      this.model = Objects.requireNonNull(model, "model");
      return this;
    }

    /**
     * Sets whether a result with the verdict NEEDS_REVIEW is wanted as an answer; if not, runJob throws REVIEW_NEEDED.
     * Default: false.
     */
    public Builder acceptReview(boolean acceptReview) {
      this.acceptReview = acceptReview;
      return this;
    }

    /** Adds a word of the caller's own: at most 32, keys of 1 to 64 bytes, values of at most 256 bytes. Default: none. */
    public Builder label(String key, String value) {
      labels.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /** Sets how long the caller waits, retries included. Ends the wait, not the job. Default: that of the client. */
    public Builder deadline(Duration deadline) {
      this.deadline = Checks.positive(deadline, "deadline");
      return this;
    }

    /**
     * Returns the request.
     *
     * @throws IllegalStateException if there is no payload
     */
    public JobRequest build() {
      if (payload == null) {
        throw new IllegalStateException("A request needs a record: set payload(…) or json(…).");
      }
      return new JobRequest(this);
    }
  }
}
