"""The journal, the package and the terminal, and what is drawn for teaching, in Simplified Chinese."""

from __future__ import annotations

__all__ = ["TERMINAL"]

TERMINAL = {
    # 任务记录
    "journal_unusable": "{folder} 里的任务记录无法使用（{why}）。请腾出空间，或让文件夹可写，"
    "或把 ANIMATEDIFF_WIDGET_HOME 设为可写的文件夹。",
    "journal_newer": "{folder} 里的任务记录是由更新版本的 animatediff-widget 写的，保持原样。请在这里也安装那个版本，"
    "或把 ANIMATEDIFF_WIDGET_HOME 指向另一个文件夹。",
    "journal_set_aside": "任务记录已损坏。它完整保存为 {file}，并已建立新的任务记录。找回其中仍能读出的任务："
    'animatediff-widget jobs --salvage "{file}"',
    "salvaged": "从损坏的任务记录里读出了 {found} 个任务，其中 {added} 个原来不在任务记录里，现已加入。"
    "损坏的文件保存为 {file}。",
    "nothing_salvaged": "损坏的任务记录里读不出任何任务。文件保存为 {file}。",
    "not_salvaged": "{file} 无法当作损坏的任务记录读取（{why}），保持原样。",
    "body_damaged": "任务记录里这一条已损坏：读不出当时的请求。",
    "not_a_journal_key": "{key} 不是任务记录里的键。",
    "journal_busy": "另一个进程正占用着 {folder} 里的任务记录（{why}）。请稍后再试。",
    # 软件包和终端
    "no_texts": "没有 {language} 语言的文字；请选择 {languages} 之一。",
    "server_missing": '内置服务需要 {names}，这里没有找到：pip install "animatediff-widget[local]"',
    "lab_missing": '这里没有安装 JupyterLab：pip install "animatediff-widget[lab]"',
    "lab_as_root": "以 root 身份启动 JupyterLab 需要加上选项：animatediff-widget lab --allow-root",
    "notebook_unwritten": "无法写入 {path}（{why}）；请用 --folder 换一个文件夹。",
    "interrupted": "已中断。{error}",
    "nothing_sent": "什么都没有发送。",
    "not_an_engine": "--engine 必须是 pocket、gpu 或 gpu=设备（例如 gpu=cuda:1），不能是 {engine}。",
    "not_a_port": "--port 必须是 0 到 65535 的数字，不能是 {port}。",
    "not_a_token": "token 必须是可打印的 ASCII 字符，前后没有空格。",
    "not_a_cluster": "{value} 不是正在运行的 Dask 集群。请给出它的 Client，或调度器的地址，例如 tcp://10.0.0.1:8786。",
    "no_such_engine": "集群的节点只能用 {engines} 之一绘制，不能用 {engine}。",
    "not_resources": 'resources 必须是名称和大于 0 的数量，例如 {{"GPU": 1}}，而不是 {value}。',
    "gpu_not_found": "这台电脑上没有找到 torch 能使用的 GPU：带驱动的 NVIDIA 或 AMD 显卡，或苹果 M 芯片。"
    "请选择别处运行，或使用另一台电脑的 GPU：animatediff-widget serve --engine gpu",
    "gpu_not_in_colab": "这个 Colab 运行时没有 GPU。请选择“代码执行程序 > 更改运行时类型 > T4 GPU”，"
    "然后从第一个单元格重新运行。",
    "gpu_needs": 'GPU 需要 {names}，但这里找不到：pip install "animatediff-widget[gpu]"',
    "torch_without_gpu": "这里安装的 torch（{version}）只支持 CPU。请按 https://pytorch.org/get-started 的说明，"
    "安装适合你的 GPU 的版本。",
    "cog_busy": "{who} 正在绘制另一个任务。这个任务还没有发送，正在排队。",
    "cog_starting": "{who} 正在加载模型。任务还没有发送，等它就绪。",
    "cog_broken": "{who} 无法绘制：{why}。没有发送任何内容。请查看它的日志并重新启动。",
    "cog_lost": "{who} 已结束这个任务，但它的答复在途中丢失（{why}），而它不保存任何结果。请重新运行。",
    "cog_forgotten": "{who} 没有这个任务的记录：它在此期间重新启动过，或者连接断开（连接断开时它会取消任务）。"
    "请重新运行。",
    "dask_missing": 'Dask 集群需要 {names}，但这里找不到：pip install "animatediff-widget[dask]"',
    "cluster_silent": "{address} 没有 Dask 调度器应答：{why}。没有发送任何内容。请启动它，或选择另一个集群。",
    "cluster_gone": "与 {address} 的 Dask 调度器的连接已断开。未完成的任务可以再次接手，在那里或在另一个集群上。",
    "cluster_without": "{address} 的 Dask 集群有节点缺少 animatediff-widget {ours}（{workers}）。没有发送任何内容。请"
    "在那里安装。",
    "cluster_versions": "这里的 animatediff-widget 是 {ours}，而 {address} 的 Dask 集群有节点是另一个版本（{workers}"
    "）。没有发送任何内容。请在两处安装同一版本。",
    "not_positive": "{names} 必须大于 0。",
    "not_an_address_here": "这台机器无法在 {host} 上监听：{why}。请给出它自己的一个地址，或用 0.0.0.0 表示全部地址。",
    "key_short": "{file} 里的密钥不足 {least} 个字符，其他机器可能猜出它。请删除这个文件（会生成一个长的），"
    "或在其中放入一个长的。",
    "key_file_unread": "无法从 {file} 读取密钥，也无法在那里生成：{why}。",
    "key_file_wrong": "{file} 里的内容不是密钥：密钥是一行可打印的 ASCII 字符。",
    "key_file_empty": "{file} 里没有密钥。请删除这个文件（会生成一个），或在其中放入密钥。",
    "key_file_open": "这台机器上的其他人可以读到密钥：chmod 600 {file}",
    "certificate_missing": "--tls-key 是证书的私钥：请同时用 --tls-cert 给出证书。",
    "certificate_unread": "证书和私钥无法使用（{files}：{why}）。它们必须是 PEM 格式、互相匹配，并且没有口令。",
    "serve_beyond": "其他机器可以访问这里：{url}，或这台机器的其他名称和地址。有密钥的人都可以在这里运行任务，"
    "也能看到和取消彼此的任务。",
    "serve_in_the_clear": "没有加密：能监听网络的人会读到密钥、提示词和动画，所以下面的几行通过 ssh 连接。"
    "给出 --tls-cert 和 --tls-key 就不需要 ssh。只有 Client(..., allow_plain_http=True) 会以明文发送密钥。",
    "serve_key_in": "在 {file} 中",
    "serve_key_there": "在那边，把密钥粘贴到面板的密钥框，或设为 ANIMATEDIFF_API_KEY。",
    "port_taken": "端口 {port} 无法使用：{why}。请换一个。",
    "engine_not_copied": "引擎 {engine} 不能用于其他进程：它必须可以被 pickle，其类须来自可导入的模块。"
    "没有启动任何东西。请传入 workers=1，或把该类移入一个模块。",
    "no_port": "内置服务无法在这台机器上监听：{why}。",
    "no_job": "还没有任务。",
    "no_unfinished_job": "没有未完成的任务。",
    "resume_stopped": "这些任务保持原样：它们在服务端继续，resume 可以再次接手。",
    "nothing_to_resume": "没有可以接着完成的任务。",
    "names_no_sweep": "{key} 在记录中不对应任何扫描；请看：animatediff-widget jobs",
    "names_no_job": "任务记录里没有 {key} 这个任务；请看：animatediff-widget jobs",
    "id_without_key": "--id 是一个任务的编号：请同时给出那个任务的键，而且只给一个。",
    "names_many_jobs": "任务记录里有不止一个任务符合 {key}；请看：animatediff-widget jobs",
    "not_a_setting": "{text} 不是 NAME=VALUE 的形式，例如 output_format=gif",
    "no_such_input": "模型没有 {name} 这一项；它有 {names}。",
    "not_a_count": "{text} 不是大于 0 的整数",
    "argument_no_text": "无法读作文字",
    "not_printed": "无法输出结果：{why}。",
    "damaged": "（记录已损坏）",
    # 教学用的图
    "timestep": "时间步",
    "signal": "信号",
    "noise": "噪声",
    "with_prompt": "有提示词",
    "without_prompt": "无提示词",
    "guided": "引导后",
    "amount_of_light": "光线",
    "amount_of_colour": "色彩",
    "amount_of_tone": "明暗",
    "amount_of_shape": "形状",
    "amount_of_detail": "细节",
    "amount_unwanted": "不想要的东西",
    "picture_of_plane": "平面上的点",
    "picture_of_frames": "画面，每行 {count} 幅：{rows}",
    "picture_of_noise": "信号和噪声的比例随时间步的变化",
    "picture_of_weights": "各成分的权重随步骤的变化",
    "picture_of_amounts": "每一步的猜测里各有多少：{names}",
    "teaching_missing": '教学模块需要 {names}，这里没有找到：pip install "animatediff-widget[local]"',
}
