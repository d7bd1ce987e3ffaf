import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A Java caller that knows nothing of traces: sends one record, takes one answer. OpenTelemetry's Java agent, which is
 * started with it, puts the traceparent into the message and reports its spans.
 *
 * <p>Arguments: broker URL, exchange, task, file with the record.
 */
public final class JavaMonolith {
  private static final String REPLIES = "java-monolith.replies";

  private JavaMonolith() {}

  public static void main(String[] arguments) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(arguments[0]);
    try (Connection connection = factory.newConnection(); Channel channel = connection.createChannel()) {
      channel.confirmSelect();
      channel.queueDeclare(REPLIES, true, false, false, null);
      CountDownLatch answered = new CountDownLatch(1);
      channel.basicConsume(REPLIES, true, (tag, answer) -> {
        System.out.println(answer.getProperties().getHeaders().get("traceparent"));
        answered.countDown();
      }, tag -> { });
      AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
          .messageId(UUID.randomUUID().toString())
          .replyTo(REPLIES)
          .contentType("application/json")
          .deliveryMode(2)
          .build();
      channel.basicPublish(arguments[1], arguments[2], true, properties, Files.readAllBytes(Paths.get(arguments[3])));
      channel.waitForConfirmsOrDie(10_000);
      if (!answered.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("no answer within a minute");
      }
    }
  }
}
