package io.llmadapter.spring.it;

import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.support.converter.Jackson2JsonMessageConverter;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** An application with our starter: its reply queues, and a listener factory that knows nothing of us. */
@SpringBootApplication
public class Monolith {

  static final String DEAD = "dead";

  @Bean
  static Declarables queues() {
    return new Declarables(
        replies("typed.replies"),
        replies("any.replies"),
        replies("booking.replies"),
        replies("raw.replies"),
        replies("handled.replies"),
        replies("plain.replies"),
        new Queue(DEAD));
  }

  @Bean
  static SimpleRabbitListenerContainerFactory plainFactory(ConnectionFactory connections) {
    SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
    factory.setConnectionFactory(connections);
    factory.setMessageConverter(new Jackson2JsonMessageConverter());
    return factory;
  }

  private static Queue replies(String name) {
    return QueueBuilder.durable(name).deadLetterExchange("").deadLetterRoutingKey(DEAD).build();
  }
}
