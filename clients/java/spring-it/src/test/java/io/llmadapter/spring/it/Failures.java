package io.llmadapter.spring.it;

import com.rabbitmq.client.Channel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.listener.api.RabbitListenerErrorHandler;
import org.springframework.amqp.rabbit.support.ListenerExecutionFailedException;
import org.springframework.stereotype.Component;

/** Takes what a listener could not be called with. Spring AMQP 2 calls the one method, 3 the other. */
@Component
public class Failures implements RabbitListenerErrorHandler {

  final BlockingQueue<Throwable> handled = new LinkedBlockingQueue<>();

  public Object handleError(
      Message amqpMessage, org.springframework.messaging.Message<?> message, ListenerExecutionFailedException exception) {
    handled.add(exception.getCause());
    return null;
  }

  public Object handleError(
      Message amqpMessage,
      Channel channel,
      org.springframework.messaging.Message<?> message,
      ListenerExecutionFailedException exception) {
    return handleError(amqpMessage, message, exception);
  }
}
