package io.llmadapter.amqp;

import io.llmadapter.client.AdapterException;
import io.llmadapter.client.JobError;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.Retryable;
import io.llmadapter.client.Violation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.support.converter.MessageConversionException;
import org.springframework.amqp.support.converter.SmartMessageConverter;
import org.springframework.core.ParameterizedTypeReference;

/** Reads the envelopes of failures, cancellations and reviews. What cannot be read there is told by the headers. */
final class Envelopes {

  private static final ParameterizedTypeReference<Map<String, Object>> OBJECT =
      new ParameterizedTypeReference<Map<String, Object>>() {};

  private final SmartMessageConverter json;

  Envelopes(SmartMessageConverter json) {
    this.json = json;
  }

  /** Returns the exception of a message that holds no document to be used. */
  AdapterException exceptionOf(Outcome outcome, Message message) {
    MessageProperties properties = message.getMessageProperties();
    JobError error = outcome == Outcome.REVIEW ? review() : error(outcome, message);
    String jobId = Headers.text(properties, Headers.JOB_ID);
    String requestId = Headers.text(properties, Headers.REQUEST_ID);
    // Keeps a listener container from giving the message out again, for ever.
    Throwable cause = new AmqpRejectAndDontRequeueException("The result message says " + outcome + ".");
    return new AdapterException(error, jobId, requestId, cause);
  }

  /** Returns a message with the document alone: as it came, or out of its envelope. */
  static Message documentOf(Message message) {
    String type = message.getMessageProperties().getContentType();
    if (type == null || !type.startsWith(Outcome.ENVELOPE)) {
      return message;
    }
    byte[] output = RawJson.member(RawJson.member(message.getBody(), "result"), "output");
    if (output == null) {
      throw new MessageConversionException("The envelope " + type + " holds no document.");
    }
    return json(output);
  }

  private static Message json(byte[] body) {
    MessageProperties properties = new MessageProperties();
    properties.setContentType(MessageProperties.CONTENT_TYPE_JSON);
    properties.setContentEncoding("UTF-8");
    return new Message(body, properties);
  }

  private static JobError review() {
    String message = "The document satisfies its contract, but a person has to look at it before it is used.";
    return JobError.of(Reasons.REVIEW_NEEDED, message, Retryable.NO, Collections.emptyList());
  }

  private JobError error(Outcome outcome, Message message) {
    Map<String, Object> error = read(RawJson.member(message.getBody(), "error"));
    String header = Headers.text(message.getMessageProperties(), Headers.REASON);
    String reason = text(error, "reason", header.isEmpty() ? outcome.name() : header);
    String said = text(error, "message", "The result message tells no more; see the job.");
    return JobError.of(reason, said, Retryable.of(text(error, "retryable", "")), violations(error.get("violations")));
  }

  private static List<Violation> violations(Object listed) {
    List<Violation> found = new ArrayList<>();
    for (Object each : listed instanceof List ? (List<?>) listed : Collections.emptyList()) {
      Map<?, ?> one = each instanceof Map ? (Map<?, ?>) each : Collections.emptyMap();
      found.add(Violation.of(text(one, "pointer", ""), text(one, "rule", ""), text(one, "message", "")));
    }
    return found;
  }

  private Map<String, Object> read(byte[] object) {
    try {
      @SuppressWarnings("unchecked")
      Map<String, Object> found = object == null ? null : (Map<String, Object>) json.fromMessage(json(object), OBJECT);
      return found == null ? Collections.emptyMap() : found;
    } catch (MessageConversionException | ClassCastException exception) {
      return Collections.emptyMap(); // The headers name the reason, and whose job it is.
    }
  }

  private static String text(Map<?, ?> map, String key, String otherwise) {
    Object value = map.get(key);
    return value instanceof String ? (String) value : otherwise;
  }
}
