package io.llmadapter.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.core.MessageProperties;

class RequestPropertiesTest {

  @Test
  void whatWasAskedForIsSet() {
    MessageProperties properties =
        sent(
            RequestProperties.of("invoice-1")
                .correlationId("row 7")
                .replyTo("crm.replies")
                .contentType("text/xml")
                .deadline(Instant.parse("2026-11-23T10:00:00Z"))
                .model("large")
                .label("branch", "north"));

    assertEquals("invoice-1", properties.getMessageId());
    assertEquals("row 7", properties.getCorrelationId());
    assertEquals("crm.replies", properties.getReplyTo());
    assertEquals("text/xml", properties.getContentType());
    assertEquals("2026-11-23T10:00:00Z", properties.getHeader("llm-deadline"));
    assertEquals("large", properties.getHeader("llm-model"));
    assertEquals("north", properties.getHeader("llm-label-branch"));
  }

  @Test
  void theRequestIdCorrelatesWhereNothingElseDoes() {
    MessageProperties properties = sent(RequestProperties.of("invoice-1"));

    assertEquals("invoice-1", properties.getCorrelationId());
    assertNull(properties.getReplyTo());
    assertEquals(MessageDeliveryMode.PERSISTENT, properties.getDeliveryMode());
  }

  @Test
  void randomIdsDiffer() {
    assertNotEquals(RequestProperties.random().requestId(), RequestProperties.random().requestId());
  }

  @Test
  void anEmptyRequestIdIsRefusedForNoRepeatWouldBeKnownByIt() {
    assertThrows(IllegalArgumentException.class, () -> RequestProperties.of(""));
  }

  @Test
  void noNameOfAJavaClassLeaves() {
    MessageProperties properties = new MessageProperties();
    properties.setHeader("__TypeId__", "com.acme.Secret");

    RequestProperties.withDefaults(new Message(new byte[0], properties));

    assertFalse(properties.getHeaders().containsKey("__TypeId__"));
  }

  private static MessageProperties sent(RequestProperties request) {
    return request.postProcessMessage(new Message(new byte[0], new MessageProperties())).getMessageProperties();
  }
}
