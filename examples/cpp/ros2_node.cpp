/*
 * ros2_node.cpp - a ROS 2 node that labels the points of every PointCloud2 it gets.
 *
 * The model is loaded once, in the constructor; a callback reads the fields out of the message's bytes, and
 * publishes x, y, z and the class of each point. One executor thread runs the callbacks, so one
 * context and one script suffice. In a package: find_package(PkgConfig), pkg_check_modules(LACUNA REQUIRED
 * lacuna_script), and ament's rclcpp and sensor_msgs.
 */
#include <lacuna/lacuna.hpp>

#include <rclcpp/rclcpp.hpp>
#include <sensor_msgs/msg/point_cloud2.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

using sensor_msgs::msg::PointCloud2;
using sensor_msgs::msg::PointField;

namespace {

lac_stored_type type_of(const PointField &field) {
    switch (field.datatype) {
    case PointField::INT8: return LAC_STORED_I8;
    case PointField::UINT8: return LAC_STORED_U8;
    case PointField::INT16: return LAC_STORED_I16;
    case PointField::UINT16: return LAC_STORED_U16;
    case PointField::INT32: return LAC_STORED_I32;
    case PointField::UINT32: return LAC_STORED_U32;
    case PointField::FLOAT32: return LAC_STORED_F32;
    case PointField::FLOAT64: return LAC_STORED_F64;
    default: throw lacuna::error(LAC_ERR_DTYPE, "field " + field.name + " has no known datatype");
    }
}

const PointField &find(const PointCloud2 &cloud, const std::string &name) {
    for (const PointField &field : cloud.fields)
        if (field.name == name) return field;
    throw lacuna::error(LAC_ERR_FORMAT, "the cloud has no field " + name);
}

/* x y z intensity of all points, float32 [N,4], in one pass over the message. */
lacuna::tensor points_of(lac_context *ctx, const PointCloud2 &cloud) {
    if (cloud.is_bigendian) throw lacuna::error(LAC_ERR_UNSUPPORTED, "a big-endian cloud");
    const int64_t count = static_cast<int64_t>(cloud.width) * cloud.height;
    if (static_cast<uint64_t>(count) * cloud.point_step > cloud.data.size())
        throw lacuna::error(LAC_ERR_FORMAT, "the cloud's data are shorter than its points");
    std::vector<int64_t> offsets;
    std::vector<int32_t> types;
    for (const char *name : {"x", "y", "z", "intensity"}) {
        const PointField &field = find(cloud, name);
        offsets.push_back(field.offset);
        types.push_back(type_of(field));
    }
    lacuna::tensor points;
    lacuna::check(lac_points_from_fields(ctx, cloud.data.data(), count, cloud.point_step,
                                         offsets.data(), types.data(), 4, points.put()));
    return points;
}

class Segmenter : public rclcpp::Node {
public:
    Segmenter() : Node("lacuna_segmenter"), script_(ctx_) {
        const std::string model = declare_parameter<std::string>("model", "minkunet");
        const std::string config = declare_parameter<std::string>("config", "");
        const std::string weights = declare_parameter<std::string>("weights", "");
        voxel_size_ = declare_parameter<double>("voxel_size", 0.05);
        if (weights.empty())
            net_ = script_.load(model, config);
        else
            net_ = script_.load(model, config, lacuna::weights(weights));
        labels_ = create_publisher<PointCloud2>("labels", 5);
        clouds_ = create_subscription<PointCloud2>(
            "points", rclcpp::SensorDataQoS(),
            [this](PointCloud2::ConstSharedPtr cloud) { label(*cloud); });
    }

private:
    void label(const PointCloud2 &cloud) {
        try {
            labels_->publish(segment(cloud));
        } catch (const lacuna::error &e) {
            RCLCPP_WARN(get_logger(), "dropped a cloud: %s", e.what());
        }
    }

    PointCloud2 segment(const PointCloud2 &cloud) {
        lacuna::tensor points = points_of(ctx_, cloud), inverse, classes;
        lac_quantize_options grid = lac_quantize_options();
        grid.size = sizeof grid;
        for (double &edge : grid.voxel_size) edge = voxel_size_;
        lacuna::sparse x;
        lacuna::check(
            lac_quantize(ctx_, points, &grid, x.put(), inverse.put(), nullptr, nullptr));
        lacuna::tensor logits = net_(x).tensor();
        lacuna::check(lac_reduce(ctx_, LAC_REDUCE_ARGMAX, logits, 1, 0, classes.put()));
        return message(cloud, points.values<float>(ctx_), inverse.values<int64_t>(ctx_),
                       classes.values<int64_t>(ctx_));
    }

    /* x y z and the class as float32; 255 for a point that was dropped. */
    static PointCloud2 message(const PointCloud2 &cloud, const std::vector<float> &points,
                               const std::vector<int64_t> &voxel_of,
                               const std::vector<int64_t> &classes) {
        PointCloud2 out;
        out.header = cloud.header;
        out.height = 1;
        out.width = static_cast<uint32_t>(voxel_of.size());
        out.point_step = 16;
        out.row_step = 16 * out.width;
        out.is_dense = cloud.is_dense;
        const char *const names[] = {"x", "y", "z", "label"};
        for (uint32_t i = 0; i < 4; ++i) {
            PointField field;
            field.name = names[i];
            field.offset = 4 * i;
            field.datatype = PointField::FLOAT32;
            field.count = 1;
            out.fields.push_back(field);
        }
        out.data.resize(out.row_step);
        for (std::size_t i = 0; i < voxel_of.size(); ++i) {
            const int64_t voxel = voxel_of[i];
            float row[4] = {points[4 * i], points[4 * i + 1], points[4 * i + 2], 255.0f};
            if (voxel >= 0) row[3] = static_cast<float>(classes[static_cast<std::size_t>(voxel)]);
            std::memcpy(out.data.data() + 16 * i, row, sizeof row);
        }
        return out;
    }

    lacuna::context ctx_;
    lacuna::script script_;
    lacuna::model net_;
    double voxel_size_ = 0;
    rclcpp::Publisher<PointCloud2>::SharedPtr labels_;
    rclcpp::Subscription<PointCloud2>::SharedPtr clouds_;
};

} /* namespace */

int main(int argc, char **argv) {
    rclcpp::init(argc, argv);
    rclcpp::spin(std::make_shared<Segmenter>());
    rclcpp::shutdown();
    return 0;
}
