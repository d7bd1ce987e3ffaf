package io.llmadapter.amqp;

import io.llmadapter.client.AdapterException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Objects;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.support.converter.MessageConversionException;
import org.springframework.amqp.support.converter.SmartMessageConverter;
import org.springframework.core.ParameterizedTypeReference;

/**
 * Keeps a converter from binding what is no document: of a failure, a cancellation or a result that needs review it throws an
 * {@link AdapterException}. With {@link JobReply} of a class as the wanted type, all outcomes are bound. Messages that are no
 * results of an adapter, and everything that is sent, are the other converter's.
 *
 * <p>A listener that throws the exception gets the message no second time: the broker dead-letters or drops it.
 */
public final class AdapterMessageConverter implements SmartMessageConverter {

  private final SmartMessageConverter json;
  private final Envelopes envelopes;

  /**
   * Wraps a converter of JSON, for example {@code new Jackson2JsonMessageConverter()}.
   *
   * @param json binds documents, and writes records
   */
  public AdapterMessageConverter(SmartMessageConverter json) {
    this.json = Objects.requireNonNull(json, "json");
    this.envelopes = new Envelopes(json);
  }

  @Override
  public Message toMessage(Object object, MessageProperties properties) {
    return json.toMessage(object, properties);
  }

  @Override
  public Message toMessage(Object object, MessageProperties properties, Type genericType) {
    return json.toMessage(object, properties, genericType);
  }

  @Override
  public Object fromMessage(Message message) {
    MessageProperties properties = message.getMessageProperties();
    Type wanted = properties.getInferredArgumentType();
    if (isReply(wanted)) {
      return reply(message, wanted);
    }
    Outcome outcome = Outcome.of(properties);
    if (outcome != null && wanted == null && properties.getTargetMethod() != null) {
      return message.getBody(); // For a listener that takes the message itself: nothing is bound.
    }
    throwUnlessDocument(outcome, message);
    Message document = outcome == null ? message : Envelopes.documentOf(message);
    return document == message || wanted == null
        ? json.fromMessage(document)
        : json.fromMessage(document, ParameterizedTypeReference.forType(wanted));
  }

  @Override
  public Object fromMessage(Message message, Object conversionHint) {
    Type wanted = conversionHint instanceof ParameterizedTypeReference
        ? ((ParameterizedTypeReference<?>) conversionHint).getType()
        : null;
    if (isReply(wanted)) {
      return reply(message, wanted);
    }
    Outcome outcome = Outcome.of(message.getMessageProperties());
    throwUnlessDocument(outcome, message);
    return json.fromMessage(outcome == null ? message : Envelopes.documentOf(message), conversionHint);
  }

  private void throwUnlessDocument(Outcome outcome, Message message) {
    if (outcome != null && outcome != Outcome.SUCCEEDED) {
      throw envelopes.exceptionOf(outcome, message);
    }
  }

  private JobReply<Object> reply(Message message, Type wanted) {
    Outcome outcome = Outcome.of(message.getMessageProperties());
    if (outcome == null) {
      throw new MessageConversionException("The message is no result of an llm-adapter: it has no header llm-outcome.");
    }
    AdapterException error = outcome == Outcome.SUCCEEDED ? null : envelopes.exceptionOf(outcome, message);
    boolean hasDocument = outcome == Outcome.SUCCEEDED || outcome == Outcome.REVIEW;
    Object document = hasDocument ? json.fromMessage(Envelopes.documentOf(message), documentType(wanted)) : null;
    return new JobReply<>(outcome, document, error, message.getMessageProperties());
  }

  private static boolean isReply(Type wanted) {
    return wanted == JobReply.class
        || wanted instanceof ParameterizedType && ((ParameterizedType) wanted).getRawType() == JobReply.class;
  }

  private static ParameterizedTypeReference<?> documentType(Type wanted) {
    if (!(wanted instanceof ParameterizedType)) {
      throw new MessageConversionException("JobReply needs the class of the document: JobReply<Triage>.");
    }
    return ParameterizedTypeReference.forType(((ParameterizedType) wanted).getActualTypeArguments()[0]);
  }
}
