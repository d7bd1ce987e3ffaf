package io.llmadapter.amqp;

import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.core.MessagePostProcessor;
import org.springframework.amqp.core.MessageProperties;

/**
 * Sets what a request to an adapter says beside its record. For any send of a template that takes a post-processor; {@link
 * AdapterRabbit} uses one by itself.
 *
 * <p>What is not set here stays as it is, but a message without an id gets one: Spring sets none, and without one the adapter
 * cannot know a repeat.
 */
public final class RequestProperties implements MessagePostProcessor {

  private final String requestId;
  private final Map<String, Object> headers = new LinkedHashMap<>();
  private String correlationId;
  private String replyTo;
  private String contentType;
  private Instant deadline;

  private RequestProperties(String requestId) {
    this.requestId = Objects.requireNonNull(requestId, "requestId");
  }

  /** Begins with a random request id: the broker's redeliveries are known by it, a second send is not. */
  public static RequestProperties random() {
    return new RequestProperties(UUID.randomUUID().toString());
  }

  /**
   * Begins with a request id, best made from the business key: a second send, also after a restart, gets the outcome of the
   * first and is not paid again.
   *
   * @param requestId 1 to 200 bytes of printable ASCII
   * @throws IllegalArgumentException if it is empty: every redelivery would count as a request of its own
   */
  public static RequestProperties of(String requestId) {
    if (requestId.isEmpty()) {
      throw new IllegalArgumentException("requestId must not be empty: use random() to have one made.");
    }
    return new RequestProperties(requestId);
  }

  /** Returns the request id. */
  public String requestId() {
    return requestId;
  }

  /** Sets what results are correlated by; echoed byte for byte. Default: the request id. */
  public RequestProperties correlationId(String correlationId) {
    this.correlationId = Objects.requireNonNull(correlationId, "correlationId");
    return this;
  }

  /**
   * Sets where the result goes: a queue called {@code name.replies}, or what the adapter is configured to allow. Default: the
   * adapter's result exchange.
   */
  public RequestProperties replyTo(String queue) {
    this.replyTo = Objects.requireNonNull(queue, "queue");
    return this;
  }

  /** Sets the media type of a record that is sent as bytes or text, for example "text/xml". Default: what the converter sets. */
  public RequestProperties contentType(String contentType) {
    this.contentType = Objects.requireNonNull(contentType, "contentType");
    return this;
  }

  /**
   * Sets the time after which the request is not worked on any more, but answered with REQUEST_EXPIRED; that is its outcome for
   * good. Default: none.
   */
  public RequestProperties deadline(Instant deadline) {
    this.deadline = Objects.requireNonNull(deadline, "deadline");
    return this;
  }

  /** As {@link #deadline(Instant)}, so long from now on. Default: none. */
  public RequestProperties deadline(Duration fromNow) {
    return deadline(Instant.now().plus(fromNow));
  }

  /** Sets the model, which must be in {@code model.use} or {@code model.allow} of the task. Default: the task decides. */
  public RequestProperties model(String model) {
    headers.put(Headers.MODEL, Objects.requireNonNull(model, "model"));
    return this;
  }

  /** Adds a word of the caller's own, which comes back with the result. Default: none. */
  public RequestProperties label(String name, String value) {
    headers.put(Headers.LABEL + name, Objects.requireNonNull(value, "value"));
    return this;
  }

  @Override
  public Message postProcessMessage(Message message) throws AmqpException {
    MessageProperties properties = message.getMessageProperties();
    properties.setMessageId(requestId);
    headers.forEach(properties::setHeader);
    if (correlationId != null) {
      properties.setCorrelationId(correlationId);
    }
    if (replyTo != null) {
      properties.setReplyTo(replyTo);
    }
    if (contentType != null) {
      properties.setContentType(contentType);
    }
    if (deadline != null) {
      properties.setHeader(Headers.DEADLINE, deadline.toString());
    }
    return withDefaults(message);
  }

  /** Gives a message that is about to be sent what every request has: id, correlation id, persistence; and no class name. */
  static Message withDefaults(Message message) {
    MessageProperties properties = message.getMessageProperties();
    if (properties.getMessageId() == null) {
      properties.setMessageId(UUID.randomUUID().toString());
    }
    if (properties.getCorrelationId() == null) {
      properties.setCorrelationId(properties.getMessageId());
    }
    if (properties.getTimestamp() == null) {
      properties.setTimestamp(new Date());
    }
    properties.setDeliveryMode(MessageDeliveryMode.PERSISTENT);
    properties.getHeaders().remove(Headers.TYPE_ID);
    return message;
  }
}
