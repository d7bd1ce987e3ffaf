package io.llmadapter.amqp;

import com.rabbitmq.client.Channel;
import io.llmadapter.client.AdapterException;
import io.llmadapter.client.JobError;
import io.llmadapter.client.Reasons;
import io.llmadapter.client.Retryable;
import java.time.Duration;
import java.util.Collections;
import java.util.Objects;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitOperations;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.support.converter.SmartMessageConverter;
import org.springframework.core.ParameterizedTypeReference;

/**
 * Sends requests to an adapter by RabbitMQ. Safe for many threads. Has a template of its own: the monolith's stays as it is.
 *
 * <p>With publisher confirms of the type "simple" ({@code spring.rabbitmq.publisher-confirm-type: simple}), {@link #send}
 * returns once the broker has the request; without, a request may be lost on its way, and nobody is told.
 */
public final class AdapterRabbit {

  /** Where an adapter takes requests, unless its names are configured. */
  public static final String REQUESTS = "adapter.requests";

  private static final Duration REPLY_TIMEOUT = Duration.ofSeconds(60);
  private static final long CONFIRM_MILLIS = 10_000;

  private final RabbitTemplate template;
  private final boolean confirms;
  private Duration replyTimeout;

  /**
   * Makes a sender to the exchange {@value #REQUESTS} whose calls wait 60 seconds for a reply.
   *
   * @param connections to the broker
   * @param json writes records and binds documents; wrapped in an {@link AdapterMessageConverter}, unless it is one
   */
  public AdapterRabbit(ConnectionFactory connections, SmartMessageConverter json) {
    this(connections, json, REQUESTS, REPLY_TIMEOUT);
  }

  /**
   * Makes a sender.
   *
   * @param connections to the broker
   * @param json writes records and binds documents; wrapped in an {@link AdapterMessageConverter}, unless it is one
   * @param requestsExchange exchange where the adapter takes requests
   * @param replyTimeout how long {@link #call} waits
   */
  public AdapterRabbit(
      ConnectionFactory connections, SmartMessageConverter json, String requestsExchange, Duration replyTimeout) {
    this.template = new RabbitTemplate(connections);
    this.confirms = connections.isSimplePublisherConfirms();
    template.setExchange(Objects.requireNonNull(requestsExchange, "requestsExchange"));
    template.setMessageConverter(json instanceof AdapterMessageConverter ? json : new AdapterMessageConverter(json));
    template.setMandatory(true);
    template.addBeforePublishPostProcessors(RequestProperties::withDefaults);
    setReplyTimeout(replyTimeout);
  }

  /**
   * Returns the template: its sends go to the adapter's exchange with the task as routing key, have an id and are persistent;
   * its replies are documents or exceptions.
   */
  public RabbitTemplate template() {
    return template;
  }

  /** Sets how long {@link #call} waits for the reply. */
  public void setReplyTimeout(Duration replyTimeout) {
    this.replyTimeout = Objects.requireNonNull(replyTimeout, "replyTimeout");
    template.setReplyTimeout(replyTimeout.toMillis());
  }

  /**
   * Sends a request and does not wait: the result goes to the queue of its reply address, else to the adapter's result exchange.
   *
   * @param task "classify-ticket", or with a major version "classify-ticket.v1"
   * @param record an object to be written as JSON, or a message with the bytes of a legacy record
   * @return the request id
   * @throws org.springframework.amqp.AmqpException if the broker cannot be reached or, with confirms, does not take the request
   *     within 10 seconds; send it again, with the same request id
   */
  public String send(String task, Object record, RequestProperties properties) {
    Message request = properties.postProcessMessage(messageOf(record));
    if (confirms) {
      sendConfirmed(task, request);
    } else {
      template.send(task, request);
    }
    return properties.requestId();
  }

  /**
   * Sends a request and waits for its document, by direct reply-to. The reply is lost with the connection, the outcome is not:
   * the same request again, with the same request id, gets it.
   *
   * @param type class of the document
   * @throws AdapterException if there is none; with REVIEW_NEEDED if a person has to look at it first; with DEADLINE_EXCEEDED
   *     if none came in time
   */
  public <T> T call(String task, Object record, RequestProperties properties, Class<T> type) {
    Message request = properties.postProcessMessage(messageOf(record));
    // The template makes a correlation id of its own to tell replies apart.
    Message reply = template.sendAndReceive(task, request);
    if (reply == null) {
      throw late(properties.requestId());
    }
    SmartMessageConverter converter = (SmartMessageConverter) template.getMessageConverter();
    return type.cast(converter.fromMessage(reply, ParameterizedTypeReference.forType(type)));
  }

  private void sendConfirmed(String task, Message request) {
    template.invoke(operations -> operations.execute(channel -> sendConfirmed(operations, channel, task, request)));
  }

  private static Void sendConfirmed(RabbitOperations operations, Channel channel, String task, Message request)
      throws Exception {
    // Spring's channel opens itself again after the broker has closed it, and has then nothing to be confirmed: a request
    // that was refused would count as taken. The one below stays closed, and says so.
    Channel real = channel instanceof ChannelProxy ? ((ChannelProxy) channel).getTargetChannel() : channel;
    operations.send(task, request);
    try {
      real.waitForConfirmsOrDie(CONFIRM_MILLIS);
    } catch (InterruptedException exception) {
      Thread.currentThread().interrupt();
      throw exception;
    }
    return null;
  }

  private Message messageOf(Object record) {
    return record instanceof Message
        ? (Message) record
        : template.getMessageConverter().toMessage(record, new MessageProperties());
  }

  private AdapterException late(String requestId) {
    String message =
        "No reply came within "
            + replyTimeout.toMillis()
            + " ms. The job goes on: send the same request again, or let results go to a queue.";
    JobError error = JobError.of(Reasons.DEADLINE_EXCEEDED, message, Retryable.YES, Collections.emptyList());
    return new AdapterException(error, null, requestId, null);
  }
}
