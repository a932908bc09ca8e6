package broker

import (
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// noOffset is what Kafka answers for a partition in which the group has committed nothing.
const noOffset = -1

// firstVersionWithGroups is the version of OffsetFetch from which a request asks for several groups (KIP-709).
const firstVersionWithGroups = 8

// firstVersionWithTopicIDs is the version of OffsetFetch from which topics are named by id.
const firstVersionWithTopicIDs = 10

// answerUnknownGroups makes the cluster answer OffsetFetch for a group it does not know as Apache Kafka does, with
// offset -1 for each partition. By itself it answers GROUP_ID_NOT_FOUND, which Sarama takes for a failure.
func answerUnknownGroups(cluster *kfake.Cluster) {
	cluster.ControlKey(int16(kmsg.OffsetFetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		fetch, ok := request.(*kmsg.OffsetFetchRequest)
		if !ok {
			return nil, nil, false //nolint:nilnil // the cluster answers by itself
		}
		if fetch.Version < firstVersionWithGroups {
			return answerOneGroup(cluster, fetch)
		}
		return answerGroups(cluster, fetch)
	})
}

func answerOneGroup(cluster *kfake.Cluster, request *kmsg.OffsetFetchRequest) (kmsg.Response, error, bool) {
	if cluster.GroupInfo(request.Group) != nil {
		return nil, nil, false //nolint:nilnil // the cluster answers by itself
	}
	response := kmsg.NewPtrOffsetFetchResponse()
	response.SetVersion(request.Version)
	for _, topic := range request.Topics {
		answer := kmsg.NewOffsetFetchResponseTopic()
		answer.Topic = topic.Topic
		for _, partition := range topic.Partitions {
			p := kmsg.NewOffsetFetchResponseTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch = partition, noOffset, noOffset
			answer.Partitions = append(answer.Partitions, p)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response, nil, true
}

// answerGroups answers for all groups of the request when one of them is unknown.
func answerGroups(cluster *kfake.Cluster, request *kmsg.OffsetFetchRequest) (kmsg.Response, error, bool) {
	response := kmsg.NewPtrOffsetFetchResponse()
	response.SetVersion(request.Version)
	allKnown := true
	for _, group := range request.Groups {
		info := cluster.GroupInfo(group.Group)
		allKnown = allKnown && info != nil
		response.Groups = append(response.Groups, answerGroup(cluster, request.Version, group, info))
	}
	if allKnown {
		return nil, nil, false //nolint:nilnil // the cluster answers by itself
	}
	return response, nil, true
}

func answerGroup(
	cluster *kfake.Cluster, version int16, group kmsg.OffsetFetchRequestGroup, info *kfake.GroupInfo,
) kmsg.OffsetFetchResponseGroup {
	response := kmsg.NewOffsetFetchResponseGroup()
	response.Group = group.Group
	for _, topic := range group.Topics {
		name := topic.Topic
		if known := cluster.TopicIDInfo(topic.TopicID); version >= firstVersionWithTopicIDs && known != nil {
			name = known.Topic
		}
		answer := kmsg.NewOffsetFetchResponseGroupTopic()
		answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
		for _, partition := range topic.Partitions {
			p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch = partition, noOffset, noOffset
			if commit, ok := committed(info, name, partition); ok {
				p.Offset, p.LeaderEpoch, p.Metadata = commit.Offset, commit.LeaderEpoch, new(commit.Metadata)
			}
			answer.Partitions = append(answer.Partitions, p)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}

func committed(info *kfake.GroupInfo, topic string, partition int32) (kfake.GroupCommit, bool) {
	if info == nil {
		return kfake.GroupCommit{}, false
	}
	commit, ok := info.Commits[topic][partition]
	return commit, ok
}
