package io.llmadapter.spring;

import io.llmadapter.amqp.AdapterMessageConverter;
import io.llmadapter.amqp.AdapterRabbit;
import io.llmadapter.amqp.JsonConverter;
import io.llmadapter.client.AdapterClient;
import io.llmadapter.client.AdapterClientBuilder;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.boot.autoconfigure.AutoConfigureAfter;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Makes an {@link AdapterClient} where {@code llm-adapter.target} is set, and where there is a broker what sends to the adapter
 * and listens to it. The monolith's own template, converter and listeners stay as they are.
 */
@Configuration(proxyBeanMethods = false)
@AutoConfigureAfter(name = "org.springframework.boot.autoconfigure.amqp.RabbitAutoConfiguration")
@EnableConfigurationProperties(AdapterProperties.class)
public class AdapterAutoConfiguration {

  /** The client for gRPC. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnProperty("llm-adapter.target")
  static class Grpc {

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    AdapterClient adapterClient(AdapterProperties properties) {
      AdapterClientBuilder builder =
          AdapterClient.builder().target(properties.getTarget()).defaultDeadline(properties.getDeadline());
      if (properties.isPlaintext()) {
        builder.plaintext();
      }
      if (properties.getTrust() != null) {
        builder.trust(properties.getTrust());
      }
      if (properties.getCertificate() != null) {
        builder.clientCertificate(properties.getCertificate(), properties.getPrivateKey());
      }
      if (properties.getApiKey() != null) {
        builder.apiKey(properties::getApiKey);
      }
      return builder.build();
    }
  }

  /** The beans for RabbitMQ. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = {
    "org.springframework.amqp.rabbit.core.RabbitTemplate",
    "com.fasterxml.jackson.databind.ObjectMapper"
  })
  @ConditionalOnBean(type = "org.springframework.amqp.rabbit.connection.ConnectionFactory")
  @ConditionalOnProperty(name = "llm-adapter.amqp.enabled", matchIfMissing = true)
  static class Amqp {

    /** Found by name only: as a candidate for injection it would become the converter of the monolith's own messages. */
    @Bean(autowireCandidate = false)
    @ConditionalOnMissingBean(name = "adapterMessageConverter")
    AdapterMessageConverter adapterMessageConverter() {
      return JsonConverter.create();
    }

    @Bean
    @ConditionalOnMissingBean
    AdapterRabbit adapterRabbit(ConnectionFactory connections, AdapterProperties properties, BeanFactory beans) {
      AdapterProperties.Amqp amqp = properties.getAmqp();
      return new AdapterRabbit(connections, converter(beans), amqp.getRequestsExchange(), amqp.getReplyTimeout());
    }

    /** For {@code @RabbitListener(containerFactory = "adapterListenerContainerFactory")}. */
    @Bean
    @ConditionalOnMissingBean(name = "adapterListenerContainerFactory")
    SimpleRabbitListenerContainerFactory adapterListenerContainerFactory(
        ConnectionFactory connections, AdapterProperties properties, BeanFactory beans) {
      SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
      factory.setConnectionFactory(connections);
      factory.setMessageConverter(converter(beans));
      factory.setPrefetchCount(properties.getAmqp().getPrefetch());
      // What a listener throws at would otherwise come again at once, for ever.
      factory.setDefaultRequeueRejected(false);
      return factory;
    }

    private static AdapterMessageConverter converter(BeanFactory beans) {
      return beans.getBean("adapterMessageConverter", AdapterMessageConverter.class);
    }
  }
}
