package io.llmadapter.testkit;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A request that a fake has received. */
public final class ReceivedRequest {

  private final String task;
  private final String requestId;
  private final byte[] payload;
  private final String contentType;
  private final Map<String, String> labels;
  private final Map<String, String> headers;

  ReceivedRequest(
      String task,
      String requestId,
      byte[] payload,
      String contentType,
      Map<String, String> labels,
      Map<String, String> headers) {
    this.task = task;
    this.requestId = requestId;
    this.payload = payload;
    this.contentType = contentType;
    this.labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    this.headers = headers;
  }

  /** Returns the task as it was asked for, with or without a version. */
  public String task() {
    return task;
  }

  /** Returns the caller's id of the request; empty: it sent none. */
  public String requestId() {
    return requestId;
  }

  /** Returns a copy of the record's bytes. */
  public byte[] payload() {
    return payload.clone();
  }

  /** Returns the record read as UTF-8. */
  public String payloadText() {
    return new String(payload, StandardCharsets.UTF_8);
  }

  /** Returns the media type that the caller named; empty: none. */
  public String contentType() {
    return contentType;
  }

  /** Returns the caller's labels. Unmodifiable. */
  public Map<String, String> labels() {
    return labels;
  }

  /** Returns a header of the call by its lower-case name, for example {@code x-api-key}. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  /** Returns task and id, without the record. */
  @Override
  public String toString() {
    return "request " + requestId + " of " + task;
  }
}
