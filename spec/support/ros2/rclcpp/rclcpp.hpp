/*
 * rclcpp.hpp - a stand-in for ROS 2's: what the example uses, so that it is compiled and run without ROS.
 *
 * spin() sends each subscription three clouds: a good one, one without intensity, and one that is cut
 * off. What is published is printed in a line.
 */
#ifndef SPEC_ROS2_RCLCPP_HPP
#define SPEC_ROS2_RCLCPP_HPP

#include <sensor_msgs/msg/point_cloud2.hpp>

#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

namespace rclcpp {

struct SensorDataQoS {};
struct Logger {};

template <typename Message> struct Publisher {
    using SharedPtr = std::shared_ptr<Publisher>;
    std::string topic;
    void publish(const Message &m) const {
        std::printf("%s: %u points of %u bytes in %s\n", topic.c_str(), m.width, m.point_step,
                    m.header.frame_id.c_str());
    }
};

template <typename Message> struct Subscription {
    using SharedPtr = std::shared_ptr<Subscription>;
    std::function<void(std::shared_ptr<const Message>)> callback;
};

class Node {
public:
    explicit Node(const std::string &) {}
    virtual ~Node() = default;
    Logger get_logger() const { return Logger(); }

    template <typename T> T declare_parameter(const std::string &, const T &value) {
        return value;
    }
    template <typename Message>
    typename Publisher<Message>::SharedPtr create_publisher(const std::string &topic, int) {
        return std::make_shared<Publisher<Message>>(Publisher<Message>{topic});
    }
    template <typename Message, typename QoS, typename Function>
    typename Subscription<Message>::SharedPtr create_subscription(const std::string &, QoS,
                                                                  Function function) {
        auto s = std::make_shared<Subscription<Message>>();
        s->callback = function;
        received_ = s->callback;
        return s;
    }

    std::function<void(std::shared_ptr<const sensor_msgs::msg::PointCloud2>)> received_;
};

inline void init(int, char **) {}
inline void shutdown() {}

/* Records of 18 bytes: x y z float32, ring uint16, intensity float32. */
inline sensor_msgs::msg::PointCloud2 sample() {
    using sensor_msgs::msg::PointField;
    sensor_msgs::msg::PointCloud2 c;
    c.header.frame_id = "velodyne";
    c.height = 2;
    c.width = 200;
    c.point_step = 18;
    c.row_step = c.point_step * c.width;
    c.data.resize(c.row_step * c.height);
    const char *const names[] = {"x", "y", "z", "ring", "intensity"};
    const uint32_t offsets[] = {0, 4, 8, 12, 14};
    for (int i = 0; i < 5; ++i) {
        PointField f;
        f.name = names[i];
        f.offset = offsets[i];
        f.datatype = i == 3 ? PointField::UINT16 : PointField::FLOAT32;
        f.count = 1;
        c.fields.push_back(f);
    }
    for (uint32_t i = 0; i < c.width * c.height; ++i) {
        const float at = static_cast<float>(i);
        const float xyz[3] = {0.1f * at, 0.02f * at, 0.5f}, intensity = 0.3f;
        std::memcpy(c.data.data() + i * c.point_step, xyz, sizeof xyz);
        std::memcpy(c.data.data() + i * c.point_step + 14, &intensity, sizeof intensity);
    }
    return c;
}

inline void spin(std::shared_ptr<Node> node) {
    auto cloud = sample(), without = sample(), cut = sample();
    without.fields.pop_back();
    cut.data.resize(100);
    for (const auto &c : {cloud, without, cut})
        node->received_(std::make_shared<const sensor_msgs::msg::PointCloud2>(c));
}

} // namespace rclcpp

#define RCLCPP_WARN(logger, ...)                                                                   \
    do {                                                                                           \
        (void)(logger);                                                                            \
        std::printf(__VA_ARGS__);                                                                  \
        std::printf("\n");                                                                         \
    } while (0)

#endif
